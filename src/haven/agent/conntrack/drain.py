# SPDX-License-Identifier: GPL-2.0-or-later
"""Before a handover: wait until the peer has acknowledged what conntrackd had to send by then."""

import time
from collections.abc import Callable

from haven.agent.conntrack.conntrackd_socket import STATISTICS, ConntrackdSocket
from haven.agent.conntrack.conntrackd_statistics import unacknowledged, unsent
from haven.agent.loop import Scope

# havend waits for two seconds at the most; conntrackd acknowledges after one.
LIMIT_S = 1.5
STEP_S = 0.005


class Drain:
    """Asks conntrackd again and again; `done` is called in the end, whatever it says."""

    def __init__(self, socket: ConntrackdSocket, scope: Scope, done: Callable[[], None]) -> None:
        self._socket, self._scope, self._done = socket, scope, done
        self._until = time.monotonic() + LIMIT_S
        # Entries go out as they arise; what is left is what the peer has not yet acknowledged.
        self._ask("queue", lambda text: unsent(text) == 0, self._look_what_is_newest)

    def _look_what_is_newest(self, _text: str) -> None:
        self._ask("resend", bool, self._wait_for_newest)

    def _wait_for_newest(self, text: str) -> None:
        newest = max(unacknowledged(text), default=-1)
        # On a busy router there is always something newer, which the peer acknowledges once a second.
        self._ask(
            "resend",
            lambda text: min(unacknowledged(text), default=newest + 1) > newest,
            lambda _text: self._done(),
        )

    def _ask(self, part: str, condition: Callable[[str], bool], then: Callable[[str], None]) -> None:
        """Ask for a part of the statistics until it is as wanted; without an answer or time, be done."""
        left = self._until - time.monotonic()

        def judge(text: str) -> None:
            if not text:
                self._done()
            elif condition(text):
                then(text)
            else:
                self._scope.after(STEP_S, lambda: self._ask(part, condition, then))

        if left <= 0 or not self._socket.ask(STATISTICS[part], judge, left):
            self._done()
