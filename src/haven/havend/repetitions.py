# SPDX-License-Identifier: GPL-2.0-or-later
"""What happens again and again is told a few times, and then how often: evidence has to outlive a flood."""

from haven.core.clock import SECOND

TYPE_CHECKING = False
if TYPE_CHECKING:
    # What happened, and to whom.
    Key = tuple[str, str | None]

# So many at once, and then one in each period.
BURST = 10
PERIOD = 10 * SECOND


class Repetitions:
    """How often each thing has happened of late; a key is what makes two events alike."""

    def __init__(self) -> None:
        # (how many may pass, since when that has been counted, how many were held back), by key.
        self._state: dict[Key, tuple[int, int, int]] = {}

    def passes(self, key: "Key", now: int) -> bool:
        """Tell whether one more is to be told; one that is not is counted."""
        left, since, held = self._state.get(key, (BURST, now, 0))
        earned = (now - since) // PERIOD
        left, since = min(BURST, left + earned), since + earned * PERIOD
        self._state[key] = (left - 1, since, held) if left else (0, since, held + 1)
        return left > 0

    def held_back(self, now: int) -> "list[tuple[Key, int]]":
        """Return what was held back a period ago and is to be told in one go, and how often it happened."""
        found = []
        for key in list(self._state):
            left, since, held = self._state[key]
            if held and now - since >= PERIOD:
                found.append((key, held))
                self._state[key] = (left, now, 0)
        return found
