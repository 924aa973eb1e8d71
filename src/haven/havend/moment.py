# SPDX-License-Identifier: GPL-2.0-or-later
"""A moment that is told in wall-clock time when somebody asks.

A router without a battery starts in the past, and is set right by months when it reaches the network.
"""

import time

from haven.core.clock import SECOND
from haven.havend.host import system


class Moment:
    """The time at which it was made."""

    def __init__(self) -> None:
        self._at = system.now()

    def age(self) -> float:
        """Return how many seconds ago it was."""
        return (system.now() - self._at) / SECOND

    def wall(self) -> float:
        """Return it in seconds since 1970, by the clock as it is set now."""
        return time.time() - self.age()
