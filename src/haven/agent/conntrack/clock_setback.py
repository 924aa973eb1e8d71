# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the machine's clock was set back: conntrackd's timers go by it, and stand still for as long.

It then says nothing to its peers, not even that it lives, until the clock is again where it was.
"""

import time

# Its peers miss it after five seconds (schedule.SILENCE_S).
BORNE_S = 2.0


def ahead_s() -> float:
    """Return how far the clock that can be set is ahead of the one that cannot."""
    return time.time() - time.monotonic()


class ClockSetback:
    """The clock as it was when this was last asked."""

    def __init__(self) -> None:
        self._ahead_s = ahead_s()

    def was_set_back(self) -> bool:
        """Tell whether it was set back since, by more than a conntrackd that goes on is worth."""
        before, self._ahead_s = self._ahead_s, ahead_s()
        return before - self._ahead_s > BORNE_S
