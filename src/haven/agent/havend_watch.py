# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether havend answers: without it a router has no addresses, whatever its role was."""

import time
from collections.abc import Callable
from typing import Any

from haven.agent.calls import CallFailure
from haven.agent.loop import Scope
from haven.contract.control import ANSWER_PATIENCE_S, request

# Of a havend that has not answered for so long the addresses are gone, and another router has them; one that
# has died is back long before.
HAVEND_EVERY_S, HAVEND_AWAY_S = 5.0, 12.0


class HavendWatch:
    """Asks now and then; `changed` is called when `is_alone` has."""

    def __init__(self, scope: Scope, changed: Callable[[], None]) -> None:
        self._scope, self._changed = scope, changed
        self._heard_at = time.monotonic()
        self.is_alone = False
        scope.every(HAVEND_EVERY_S, self._ask)

    def hear(self) -> None:
        """Take that havend has said something."""
        self._heard_at, self.is_alone = time.monotonic(), False

    def _ask(self) -> None:
        # What costs havend the least.
        self._scope.ask_havend(request("vouch", members=[]), self._answered, ANSWER_PATIENCE_S)

    def _answered(self, answer: Any) -> None:
        now = time.monotonic()
        if not isinstance(answer, CallFailure):
            self._heard_at = now
        is_alone = now - self._heard_at >= HAVEND_AWAY_S
        if is_alone != self.is_alone:
            self.is_alone = is_alone
            self._changed()
