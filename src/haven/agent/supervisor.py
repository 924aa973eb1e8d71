# SPDX-License-Identifier: GPL-2.0-or-later
"""A part of the agent that is made, watched, and made again when it fails; the others do not notice."""

import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar

from haven.agent.carrier import Carrier
from haven.agent.lender import Lender
from haven.agent.loop import Loop, Scope
from haven.agent.part import Part, Places, Surroundings
from haven.agent.roles import Roles
from haven.contract.problems import problem
from haven.contract.status import check_account, check_problems
from haven.contract.strict_json import read_json, write_json
from haven.light import suppress

# The wait before a part is made again doubles up to this; it is forgotten by a part that has lived so long.
SHORTEST_WAIT_S, LONGEST_WAIT_S = 1.0, 30.0

Answer = TypeVar("Answer")


class SupervisedPart:
    """Holds a part; `tell` is how anybody else speaks to it."""

    def __init__(
        self,
        kind: type[Part],
        loop: Loop,
        places: Places,
        roles: Roles,
        report: Callable[[], None],
        said_in_sync: Callable[[], bool],
        interface_up: Callable[[str], None] = lambda name: None,
        carrier: Carrier | None = None,
        lender: Lender | None = None,
    ) -> None:
        self._kind = kind
        self._loop, self._places, self._roles = loop, places, roles
        self._report, self._said_in_sync, self._interface_up = report, said_in_sync, interface_up
        self._carrier, self._lender = carrier or Carrier(), lender
        self._scope = Scope(loop, places.run_dir, self._fail)
        self._part: Part | None = None
        self._wait = SHORTEST_WAIT_S
        self._error = ""
        self._is_ending = False
        # Who waits until the part has finished something.
        self._waiting: list[Callable[[], None]] = []
        self._plan: dict[str, Any] = {}

    def start(self) -> None:
        """Make the part, unless it is to end."""
        if self._is_ending:
            return
        self._scope = Scope(self._loop, self._places.run_dir, self._fail)
        around = Surroundings(self._scope, self._places, self._roles, self._report)
        around.is_in_sync, around.interface_up = self._said_in_sync, self._interface_up
        around.carrier = self._carrier
        around.lender = self._lender or around.lender
        around.take_plan(self._plan)

        def make() -> None:
            self._part = self._kind(around)
            self._part.take_plan()
            self._part.take_roles()

        self._scope.guard(make)
        if self._part is not None:
            self._scope.after(LONGEST_WAIT_S, self._forget_failure)

    def _forget_failure(self) -> None:
        self._wait, self._error = SHORTEST_WAIT_S, ""

    def _fail(self, error: BaseException) -> None:
        if self._scope.closed:
            return
        text = f"haven-agent: {self._kind.name} has failed and is started again:\n{_where(error)}"
        print(text, file=sys.stderr, flush=True)
        self._error = f"{type(error).__name__}: {error}"
        self.close()
        self._loop.at(time.monotonic() + self._wait, self.start)
        self._wait = min(2 * self._wait, LONGEST_WAIT_S)
        for done in list(self._waiting):
            done()

    def end(self, done: Callable[[], None]) -> None:
        """Let the part finish for good; it is not made again."""
        self._is_ending = True
        self.finish(lambda part, done: part.end(done), done)

    def close(self) -> None:
        """End the part."""
        part, self._part = self._part, None
        if part is not None:
            # It may have failed in the middle of anything.
            with suppress(Exception):
                part.close()
        self._scope.close()

    def take_plan(self, plan: dict[str, Any]) -> None:
        """Give the part the plan in force."""
        self._plan = plan
        if self._part is not None:
            self._part.around.take_plan(plan)
            self.tell(lambda part: part.take_plan())

    def tell(self, act: Callable[[Part], None]) -> None:
        """Do something with the part, if it lives."""
        part = self._part
        if part is not None:
            self._scope.guard(lambda: act(part))

    def finish(self, begin: Callable[[Part, Callable[[], None]], None], done: Callable[[], None]) -> None:
        """Let the part finish something; one that is not there, or fails over it, has nothing to finish."""

        def only_once() -> None:
            if only_once in self._waiting:
                self._waiting.remove(only_once)
                done()

        self._waiting.append(only_once)
        self.tell(lambda part: begin(part, only_once))
        if self._part is None:
            only_once()

    # The report

    def ask(self, question: Callable[[Part], Answer], otherwise: Answer) -> Answer:
        """Return what the part answers, or something else for one that is not there."""
        answers = [otherwise]
        self.tell(lambda part: answers.append(question(part)))
        return answers[-1]

    def account(self) -> dict[str, Any]:
        """Return what the part has for the status."""
        nothing: dict[str, Any] = {}
        return self.ask(lambda part: check_account(_sendable(part.account(), dict)), nothing)

    def problems(self) -> list[dict[str, Any]]:
        """Return what is the matter with the part, or that it has failed."""
        found: list[dict[str, Any]] = self.ask(
            lambda part: check_problems(_sendable(part.problems(), list), "problems"), []
        )
        if self._error:
            failed = problem("part-failed", "haven-agent", part=self._kind.name, error=self._error)
            found = [failed, *found]
        return found

    def is_in_sync(self) -> bool:
        """Tell what the part says of that, and for one that is not there what follows from it."""
        return self.ask(lambda part: _sendable(part.is_in_sync(), bool), not self._kind.vouches)


def _where(error: BaseException) -> str:
    try:
        import traceback
    except (ImportError, OSError):
        # It is read when it is needed, and what has failed may be that no file can be opened.
        return repr(error)
    return "".join(traceback.format_exception(error))


def _sendable(answer: Any, kind: type) -> Any:
    """Return an answer as it will be received; one that cannot be sent is the failure of who gave it."""
    if not isinstance(answer, kind):
        raise TypeError("an answer is not a %s" % kind.__name__)
    # Most parts have nothing to tell, every second.
    return read_json(write_json(answer)) if answer and kind is not bool else answer
