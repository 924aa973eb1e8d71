# SPDX-License-Identifier: GPL-2.0-or-later
"""A router that loses its role again and again waits, longer each time, before it preempts a living Active.

What is lost to a user's wish does not count, nor to a router that ranks higher by its configuration. Nobody
waits to take over from an Active that is dead.
"""

from haven.core.clock import SECOND

# What happened so long ago is over.
MEMORY_US = 3600 * SECOND
# After so many losses of late; the last of them goes for all that are more.
PAUSES_US = (0, 0, 60 * SECOND, 240 * SECOND, 960 * SECOND)


class HoldBack:
    """When a group was lost by a fault, a stall, or for a priority that was lowered."""

    def __init__(self) -> None:
        self._losses: list[int] = []

    def note_loss(self, now: int) -> None:
        """Remember that the group was lost."""
        self._losses = self._losses[1 - len(PAUSES_US) :] + [now]

    def count(self, now: int) -> int:
        """Return how often the group was lost of late, as far as that matters."""
        return len([at for at in self._losses if now - at < MEMORY_US])

    def left(self, now: int) -> int:
        """Return how much longer this node does not preempt."""
        count = self.count(now)
        if not count:
            return 0
        return max(0, self._losses[-1] + PAUSES_US[min(count, len(PAUSES_US) - 1)] - now)
