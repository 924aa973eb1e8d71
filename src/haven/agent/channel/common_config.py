# SPDX-License-Identifier: GPL-2.0-or-later
"""The common configuration, carried over the channel: what was changed here goes, what comes is tried.

A change that was taken is on trial for half a minute. It stays if this router still is what it was: its
groups are in no new fault, whoever sent it is still heard, and there is a default route if there was one.
"""

import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

from haven.agent.calls import CallFailure, ChildEnd
from haven.agent.channel.joined_config import Joining
from haven.agent.channel.line import Line
from haven.agent.channel.session import Message
from haven.agent.loop import Scope
from haven.agent.part import Surroundings
from haven.contract.message import message
from haven.contract.pairing import PairingRefusal
from haven.contract.problems import problem
from haven.contract.replication import replication_text
from haven.own_program import argv_of
from haven.paths import SETUP_FOLDER, SETUP_PENDING, SETUP_UNDOING
from haven.reload_time import WITH_TURN_S
from haven.sync.change_documents import SyncError
from haven.sync.replica import Outcome, Replica

TRIAL_S = 30.0
RELOAD_CONFIG = "/sbin/reload_config"
ROUTES = "/proc/net/route"
DEFAULT = "00000000"


class Condition:
    """What a router has to be after a change, because it was so before."""

    def __init__(self, groups: dict[str, str], sender: Line) -> None:
        self._faults = _faults(groups)
        self._sender = sender
        self._had_route = _has_default_route()

    def still_holds(self, groups: dict[str, str]) -> bool:
        """Tell whether it is so still."""
        has_route = _has_default_route() or not self._had_route
        return self._sender.is_open and has_route and _faults(groups) <= self._faults


class Replication:
    """The replica of this router, `node`; what it says to the others and hears of them. Raises SyncError."""

    def __init__(self, scope: Scope, around: Surroundings, lines: Callable[[], Iterable[Line]]) -> None:
        self._scope, self._around, self._lines = scope.inner(), around, lines
        self.node = around.node
        self._replica = Replica(around.root.rstrip("/"), self.node)
        self._told: dict[Line, str] = {}
        self._condition: Condition | None = None
        self._failure = ""
        # What is in conflict by a digest: it is asked for every second.
        self._conflicts: tuple[str, list[dict[str, Any]]] = ("", [])
        self._summaries: dict[Line, Message] = {}
        self._joining = Joining(around.root.rstrip("/"))
        self._follow(self._replica.recover())

    def look(self) -> None:
        """See what was changed here, and say to whom it is news."""
        if self._is_kept_out():
            return
        if self._joining.node:
            self._ask_for_all()
            return
        self._guarded(self._replica.scan)
        for line in self._lines():
            if line.is_open and self._told.get(line) != self._replica.digest:
                self._say_summary(line, False)
        self._told = {line: digest for line, digest in self._told.items() if line.is_open}
        known = self._lines()
        self._summaries = {line: told for line, told in self._summaries.items() if line in known}

    def _is_kept_out(self) -> bool:
        """Tell whether setup has the files: what it tries, or takes back, is nobody's edit yet."""
        folder = self._around.root.rstrip("/") + SETUP_FOLDER
        return any(os.path.isdir(f"{folder}/{name}") for name in (SETUP_PENDING, SETUP_UNDOING))

    def _ask_for_all(self) -> None:
        """Ask the router that this one has joined for its whole configuration, as one that knows nothing."""
        lines = [line for line in self._lines() if line.peer.node == self._joining.node]
        if not lines:
            # The two have parted meanwhile.
            self._joining.end()
        for line in lines:
            if line.is_open and self._joining.is_due():
                nothing = {**self._replica.summary(), "known": {}, "digest": "", "refused": []}
                line.say("summary", summary=nothing, is_answer=False)

    def _say_summary(self, line: Line, is_answer: bool) -> None:
        summary = self._replica.summary()
        if line.say("summary", summary=summary, is_answer=is_answer):
            self._told[line] = summary["digest"]

    def hear(self, line: Line, message: Message) -> None:
        """Take what another router says of its configuration."""
        if self._is_kept_out():
            return
        if self._joining.node:
            self._guarded(lambda: self._join(line, message))
        elif message["kind"] == "summary":
            self._guarded(lambda: self._hear_summary(line, message))
        else:
            self._guarded(lambda: self._hear_change(line, message["document"]))

    def _join(self, line: Line, message: Message) -> None:
        """Take the parts of the other's whole configuration; at the last of them it becomes this one's."""
        if message["kind"] != "change" or line.peer.node != self._joining.node:
            return
        condition = Condition(dict(self._around.roles.states), line)
        outcome = self._replica.join(message["document"])
        if outcome.code == "applied":
            self._joining.end()
            self._try(outcome, condition)

    def _hear_summary(self, line: Line, message: Message) -> None:
        summary = message["summary"]
        self._summaries[line] = summary
        lines = list(self._lines())
        if all(each in self._summaries for each in lines):
            self._replica.settle([self._summaries[each] for each in lines])
        if summary.get("digest") == self._replica.digest:
            return
        for document in self._replica.changes_for(summary):
            line.say("change", document=document)
        if not message["is_answer"]:
            self._say_summary(line, True)

    def _hear_change(self, line: Line, document: Any) -> None:
        if not isinstance(document, dict) or document.get("node") != line.peer.node:
            _log(f"{line.peer.node} sends a change in another's name")
            return
        condition = self._condition or Condition(dict(self._around.roles.states), line)
        outcome = self._replica.receive(document)
        if outcome.code == "stale":
            self._say_summary(line, False)
        elif outcome.code == "applied":
            self._try(outcome, condition)

    def _try(self, outcome: Outcome, condition: Condition) -> None:
        self._follow(outcome)
        if self._replica.on_trial and self._condition is None:
            self._condition = condition
            self._scope.after(TRIAL_S, self._end_trial)

    def _end_trial(self) -> None:
        condition, self._condition = self._condition, None
        if condition is None or condition.still_holds(self._around.roles.states):
            self._guarded(self._replica.keep)
        else:
            _log("a change of the configuration is taken back: this router is not what it was before")
            self._guarded(lambda: self._follow(self._replica.undo()))

    # What follows the files

    def _follow(self, outcome: Outcome) -> None:
        """Let the services follow the packages that were written, as after a commit on this router."""
        if not outcome.packages:
            return
        program = self._around.root.rstrip("/") + RELOAD_CONFIG
        if os.access(program, os.X_OK):
            self._run([program])
        elif "haven" in outcome.packages:
            where = ("--config", self._around.config, "--run-dir", self._around.run_dir)
            self._run(argv_of("haven", *where, "reload"))

    def _run(self, argv: list[str]) -> None:
        def done(outcome: ChildEnd | CallFailure) -> None:
            if isinstance(outcome, CallFailure) or outcome.status:
                _log(f"{argv[0]} failed after a change of the configuration")

        self._scope.run(argv, done, WITH_TURN_S)

    # What a user asks

    def answer(self, request: dict[str, Any]) -> Any:
        """Return the answer to a request of the agent's socket. Raises PairingRefusal."""
        try:
            return self._answer(request)
        except SyncError as why:
            raise PairingRefusal("sync-failed", error=replication_text(why.code, why.facts)) from None

    def _answer(self, request: dict[str, Any]) -> Any:
        command = request["command"]
        if command == "sync-diff":
            return self._replica.diff()
        if command == "sync-history":
            return self._replica.history()
        if command == "sync-undo":
            self._follow(self._replica.undo_change(request["number"]))
        elif command == "sync-take":
            self._follow(self._replica.take(request["node"], request["path"]))
        elif command == "sync-now":
            self._replica.try_again()
            self._told.clear()
        self.look()
        return self.account()

    def account(self) -> dict[str, Any]:
        """Return where the common configuration stands."""
        conflicts = self._in_conflict()
        is_whole = not conflicts and not self._replica.problems() and not self._joining.node
        return {
            "in_sync": is_whole and self._is_told(),
            "on_trial": self._replica.on_trial,
            "conflicts": conflicts,
            "problems": [
                {**each, "message": replication_text(each["code"], each["facts"])}
                for each in [*self._replica.problems(), *self._awaited()]
            ],
            "digest": self._replica.digest,
        }

    def _is_told(self) -> bool:
        lines = list(self._lines())
        return bool(lines) and all(line.is_open and self._has_the_same(line) for line in lines)

    def _awaited(self) -> list[dict[str, Any]]:
        """Return for whom the configuration waits, where nothing is the matter with it."""
        if self._joining.node:
            return [message("joining", node=self._joining.node)]
        found = []
        for line in self._lines():
            if not line.is_open:
                found.append(message("peer-unreached", node=line.peer.node))
            elif not self._has_the_same(line):
                found.append(message(self._why_behind(line), node=line.peer.node))
        return found

    def _why_behind(self, line: Line) -> str:
        if self._replica.refused:
            return "change-undone"
        return "peer-took-back" if self._summaries.get(line, {}).get("refused") else "peer-behind"

    def _has_the_same(self, line: Line) -> bool:
        return self._summaries.get(line, {}).get("digest") == self._replica.digest

    def _taken_back(self) -> list[str]:
        """Return the routers that lack something because they have taken it back."""
        others = [line for line in self._lines() if not self._has_the_same(line)]
        found = [line.peer.node for line in others if self._summaries.get(line, {}).get("refused")]
        return [self._around.node, *found] if others and self._replica.refused else found

    def problems(self) -> list[dict[str, Any]]:
        """Return what keeps the configurations from being the same."""
        found = []
        number = len(self._in_conflict())
        if number:
            found.append(problem("sync-conflicts", "sync", count=number))
        found += [problem("sync-taken-back", "sync", node=node) for node in self._taken_back()]
        if self._failure:
            found.append(problem("sync-failed", "sync", error=self._failure))
        return found

    def _in_conflict(self) -> list[dict[str, Any]]:
        if self._conflicts[0] != self._replica.digest:
            self._conflicts = self._replica.digest, self._replica.conflicts()
        return self._conflicts[1]

    def _guarded(self, act: Callable[[], Any]) -> None:
        try:
            act()
            self._failure = ""
        except SyncError as why:
            text = replication_text(why.code, why.facts)
            if text != self._failure:
                _log(text)
            self._failure = text

    def close(self) -> None:
        """End."""
        self._scope.close()


def _faults(groups: dict[str, str]) -> set[str]:
    return {name for name, state in groups.items() if state == "fault"}


def _has_default_route() -> bool:
    try:
        with open(ROUTES, encoding="ascii") as file:
            return any(line.split()[1:2] == [DEFAULT] for line in file)
    except OSError:
        return False


def _log(text: str) -> None:
    print(f"haven-agent: {text}", file=sys.stderr, flush=True)
