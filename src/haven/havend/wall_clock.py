# SPDX-License-Identifier: GPL-2.0-or-later
"""How the machine's clock stands to the one that never is set: virtual routers with keys go by both."""

import time

from haven.core.clock import MILLISECOND, NEVER, SECOND
from haven.core.events import WallClock
from haven.havend.host import system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from haven.contract.plan import Plan
    from haven.core.engine import Engine

LOOK_EVERY = SECOND
# A clock that is slewed moves by half a millisecond in a second.
NEWS = 20 * MILLISECOND


class WallClockWatch:
    """Tells the engine of it; after that again when the clock was set, if somebody has a key."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine
        self._told = -NEVER
        self.deadline = NEVER

    def set_plan(self, plan: "Plan", read: "Callable[[], int]" = time.time_ns) -> None:
        """Look now, and from now on where a virtual router has a key."""
        has_keys = any(router.spec.authentication is not None for router in plan.routers.values())
        self.deadline = 0 if has_keys else NEVER
        if has_keys:
            self.look(read)

    def look(self, read: "Callable[[], int]" = time.time_ns) -> None:
        """Take the clock as it is set now."""
        now = system.now()
        self.deadline = now + LOOK_EVERY
        ahead_us = read() // 1000 - now
        if abs(ahead_us - self._told) > NEWS:
            self._told = ahead_us
            self._engine.handle(WallClock(ahead_us), now)
