# SPDX-License-Identifier: GPL-2.0-or-later
"""Say a thing once in a while, and how often it happened in between."""

from haven.core.clock import SECOND

PERIOD = 10 * SECOND
# Foreign packets choose the keys: a flood of them must fill neither the memory nor the log, in which older
# lines make room for newer ones.
MAX_KEYS = 32


class RateLimiter:
    """Lets each key pass once in PERIOD."""

    def __init__(self) -> None:
        self._said: dict[object, list[int]] = {}
        self._emptied_at: int | None = None

    def passes(self, key: object, now: int) -> "int | None":
        """Return how many were held back since the last that passed, or None to hold this one back."""
        seen = self._said.get(key)
        if seen is None:
            if len(self._said) >= MAX_KEYS:
                if self._emptied_at is not None and now - self._emptied_at < PERIOD:
                    return None
                self._said.clear()
                self._emptied_at = now
            self._said[key] = [now, 0]
            return 0
        if now - seen[0] < PERIOD:
            seen[1] += 1
            return None
        held = seen[1]
        self._said[key] = [now, 0]
        return held
