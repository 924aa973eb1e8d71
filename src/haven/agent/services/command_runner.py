# SPDX-License-Identifier: GPL-2.0-or-later
"""What is told to a service, as children: its commands one after the other, within one limit."""

import os
import time
from collections.abc import Callable
from typing import Any

from haven.agent.calls import CallFailure, ChildCall, ChildEnd
from haven.agent.loop import Scope, Timer
from haven.agent.services.procd_instances import LIST, evidence
from haven.agent.services.service_queue import JobEnd
from haven.agent.services.service_states import LOOK, NOT_GIVEN
from haven.contract.services import CHECK, START

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
# The last words of a command.
WORDS = 1000
# Of a list of all services.
LONGEST_LIST = 1 << 20

Commands = list[list[str]]
Ended = Callable[[JobEnd], None]


class CommandRunner:
    """Runs what one service is told; `ended` is called once for each run() that is not abandoned.

    `began` is called when there is a process.
    """

    def __init__(self, scope: Scope, began: Callable[[], None], ended: Ended) -> None:
        self._scope, self._began, self._ended = scope, began, ended
        self._call: ChildCall | None = None
        self._begins: Timer | None = None
        self._until = 0.0

    @property
    def pid(self) -> int | None:
        """The process that runs, the head of its group."""
        return None if self._call is None else self._call.pid

    def run(self, planned: dict[str, Any], action: str, limit_s: float, environment: dict[str, str]) -> None:
        """Begin to tell a service something, or to look at it."""
        self._until = time.monotonic() + limit_s
        self._planned, self._action, self._limit_s = planned, action, limit_s
        self._environment = {**os.environ, "PATH": PATH, "LOGNAME": "root", "USER": "root", **environment}
        self._left = _commands(planned, action)
        self._complaint = JobEnd()
        # Not within the call of who asks.
        self._begins = self._scope.after(0, self._next)

    def abandon(self) -> None:
        """End what runs, and tell nobody."""
        call, self._call = self._call, None
        if self._begins is not None:
            self._begins.cancel()
        if call is not None:
            call.abandon()

    def cut(self) -> None:
        """End what runs as if its time were over."""
        if self._call is not None:
            self._call.expire()

    def _next(self) -> None:
        if not self._left:
            self._ended(self._complaint)
            return
        argv = self._left.pop(0)
        if argv[0].startswith("/etc/init.d/") and not os.path.exists(argv[0]):
            self._take(JobEnd("missing", {"path": argv[0]}))
            return
        keeps = LONGEST_LIST if self._action == LOOK else WORDS
        limit = max(0.0, self._until - time.monotonic())
        options: dict[str, Any] = {"environment": self._environment, "keeps": keeps}
        try:
            self._call = self._scope.run(argv, self._done, limit, **options)
        except OSError as why:
            self._take(JobEnd("unstartable", {"error": why.strerror or str(why)}))
        else:
            self._began()

    def _done(self, outcome: ChildEnd | CallFailure) -> None:
        self._call = None
        if self._action == LOOK:
            self._ended(_looked(outcome, self._planned))
        elif self._action == CHECK:
            self._ended(_checked(outcome))
        elif isinstance(outcome, CallFailure):
            # The limit is that of all its commands.
            self._left = []
            self._take(JobEnd("late", {"limit_s": round(self._limit_s)}))
        else:
            code = "status" if outcome.status else ""
            self._take(JobEnd(code, {"status": outcome.status}, _words(outcome)))

    def _take(self, end: JobEnd) -> None:
        """Go on after a command: a start ends with the first that fails, a stop stops what it can."""
        if end.code and not self._complaint.code:
            self._complaint = end
        elif not self._complaint.code:
            self._complaint = JobEnd(words=end.words)
        if end.code and self._action == START:
            self._left = []
        self._next()


def _commands(planned: dict[str, Any], action: str) -> Commands:
    if action == LOOK:
        return [list(LIST)]
    return [list(planned["check"])] if action == CHECK else [list(argv) for argv in planned[action]]


def _looked(outcome: ChildEnd | CallFailure, planned: dict[str, Any]) -> JobEnd:
    found = None
    if isinstance(outcome, ChildEnd) and not outcome.status:
        found = evidence(outcome.output, planned["inits"], planned["process"])
    if found is None:
        return JobEnd()
    return JobEnd("" if found.given else NOT_GIVEN, alive=found.alive, pids=found.pids)


def _checked(outcome: ChildEnd | CallFailure) -> JobEnd:
    if isinstance(outcome, CallFailure):
        return JobEnd(words=str(outcome), alive=False)
    return JobEnd(words=_words(outcome), alive=not outcome.status)


def _words(outcome: ChildEnd) -> str:
    lines = [line.strip() for line in (outcome.output + "\n" + outcome.complaint).splitlines()]
    return "\n".join(line for line in lines if line)[-WORDS:]
