# SPDX-License-Identifier: GPL-2.0-or-later
"""The plan of one small node: compiled by a program of its own, and only when something of it is another."""

import os
import time
from collections.abc import Callable
from typing import Any

from haven.agent.calls import CallFailure, ChildEnd
from haven.agent.loop import Scope
from haven.agent.small_nodes.compile_queue import CompileQueue
from haven.atomic_file import write_whole
from haven.contract.strict_json import read_json, write_json
from haven.core.auth.sealed_line import digest
from haven.light import suppress
from haven.own_program import argv_of

COMPILE_S = 30.0

# The facts, and who is told.
Waiting = tuple[dict[str, Any], Callable[[], None]]


class PlanMaker:
    """What was made last: `plan` and its `digest`, or `problems`; `config` tells the file and its kind."""

    def __init__(
        self, scope: Scope, queue: CompileQueue, name: str, place: str, config: Callable[[], tuple[str, bool]]
    ) -> None:
        self._scope, self._queue, self._name, self._place, self._config = scope, queue, name, place, config
        self._made_of: Any = None
        self._is_making = self._is_outdated = False
        # A node asks over one connection: who asked before does not wait any more.
        self._waiting: Waiting | None = None
        self.plan: bytes | None = None
        self.digest, self._count = "", 0
        self.problems: list[str] = []
        self.address: str | None = None
        self.asked_at: float | None = None

    def forget(self) -> None:
        """Make it anew the next time, and what is being made right away."""
        self._made_of, self._is_outdated = None, True

    def make(self, facts: dict[str, Any], done: Callable[[], None]) -> None:
        """Call `done` when there is a plan for these facts, or a reason why there is none."""
        self._waiting = facts, done
        if not self._is_making:
            self._next()

    def _next(self) -> None:
        if self._waiting is None:
            return
        if self._of(self._waiting[0]) == self._made_of:
            self._tell()
            return
        self._is_making = True
        self._queue.add(self._begin)

    def _of(self, facts: dict[str, Any]) -> Any:
        config, derived = self._config()
        return facts, derived, _mark(config) if not derived else None

    def _tell(self) -> None:
        assert self._waiting is not None
        (_facts, done), self._waiting = self._waiting, None
        done()

    def _begin(self) -> None:
        assert self._waiting is not None
        asked, made_of = self._waiting, self._of(self._waiting[0])
        self._is_outdated = False
        self._compile(asked[0], *self._config(), lambda outcome: self._end(asked, made_of, outcome))

    def _end(self, asked: Waiting, made_of: Any, outcome: ChildEnd | CallFailure) -> None:
        self._is_making = False
        self._take(outcome)
        # What was not to be had this time may be the next time.
        is_sure = isinstance(outcome, ChildEnd) and not self._is_outdated
        self._made_of = made_of if is_sure else None
        self._queue.end()
        if self._is_outdated or self._waiting is not asked:
            self._next()
        else:
            self._tell()

    def _compile(
        self, facts: dict[str, Any], config: str, derived: bool, ended: Callable[[Any], None]
    ) -> None:
        words = ["--json", "--config", config, "--machine", self._place + ".facts", "--output", self._place]
        try:
            write_whole(self._place + ".facts", write_json(facts).encode(), 0o600)
            argv = argv_of("compile", *words, *(["--standby"] if derived else []))
            self._scope.run(argv, ended, COMPILE_S)
        except OSError as why:
            ended(CallFailure("refused", why.strerror or str(why)))

    def _take(self, outcome: ChildEnd | CallFailure) -> None:
        self.plan, self.digest, self._count = None, "", 0
        try:
            if isinstance(outcome, CallFailure):
                self.problems = [str(outcome)]
            elif outcome.status:
                self.problems = _texts(outcome.complaint)
            else:
                with open(self._place, "rb") as file:
                    self.plan = file.read()
                self.digest, self.problems = digest(self.plan), []
                self._count = len(read_json(self.plan.decode())["virtual_routers"])
        except OSError as why:
            self.plan, self.problems = None, [why.strerror or str(why)]
        for path in (self._place, self._place + ".facts"):
            # The plan holds passwords, and is in memory.
            with suppress(OSError):
                os.unlink(path)

    def account(self) -> dict[str, Any]:
        """Return what is known of the node."""
        asked = None if self.asked_at is None else round(time.monotonic() - self.asked_at, 1)
        return {
            "name": self._name,
            "address": self.address,
            "asked_s": asked,
            "virtual_routers": None if self.plan is None else self._count,
            "problems": self.problems,
        }


def _mark(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _texts(complaint: str) -> list[str]:
    lines = complaint.splitlines() or ["the compiler failed and did not say why"]
    try:
        return [str(each["text"]) for each in read_json(lines[-1])]
    except (KeyError, TypeError, ValueError):
        return lines[-1:]
