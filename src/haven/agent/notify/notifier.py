# SPDX-License-Identifier: GPL-2.0-or-later
"""Looks what there is to tell, keeps it, and has it told by one of the routers that can."""

import os
import sys
import time
from typing import Any

from haven.agent.calls import CallFailure
from haven.agent.carrier import PeerLine
from haven.agent.notify.outbox import Outbox
from haven.agent.notify.status_watch import StatusWatch
from haven.agent.notify.teller import Teller
from haven.agent.part import Surroundings
from haven.contract.control import ANSWER_PATIENCE_S, request
from haven.contract.fields import DocumentError
from haven.contract.message import ODD_FACTS
from haven.contract.notices import DRILL, MOST_SECTIONS, check_notices
from haven.contract.severities import ERROR
from haven.contract.strict_json import read_json, write_json
from haven.paths import NOTIFY_NOTE, inside

Document = dict[str, Any]

# What the routers say to each other is a row of contract/channel.py.
KIND = "notices"
LOOK_S, SOON_S = 5.0, 0.3
# Whatever changes, they are told no more often.
TELL_S = 1.0
# Events that are told as they happen, by their code.
EVENTS = {"drill-failed": DRILL}


class Notifier:
    """Made when somebody is to be told."""

    def __init__(self, around: Surroundings) -> None:
        self._around, self._scope = around, around.scope.inner()
        self._path = inside(around.run_dir, NOTIFY_NOTE)
        self._mark = "%x" % time.time_ns()
        self._watch, self._outbox = StatusWatch(), Outbox(around.node)
        self._restore()
        self._tellers: dict[str, Teller] = {}
        self._status: Document = {}
        # What sections each of the other routers can tell, by its name.
        self._others: dict[str, list[str]] = {}
        self._is_news = self._is_looking = False
        around.carrier.hear(KIND, lambda line, message: self._scope.guard(lambda: self._hear(line, message)))
        self._scope.every(LOOK_S, self._look)
        self._scope.every(TELL_S, self._work)

    def take_plan(self, sections: list[Document]) -> None:
        """Take who is told; one that was there goes on."""
        self._outbox.node = self._around.node
        wanted = {each["name"]: each for each in sections}
        for name in [each for each in self._tellers if each not in wanted]:
            self._tellers.pop(name).close()
        for name, section in wanted.items():
            if name not in self._tellers:
                self._tellers[name] = Teller(self._scope, self._outbox, self._note_attempt)
            self._tellers[name].take_plan(section)
        self._note_news()

    # What there is to tell

    def look_soon(self) -> None:
        """Look what a change of state has brought."""
        self._scope.after(SOON_S, self._look)

    def take_event(self, event: Document) -> None:
        """Take what is no state that could be looked at later."""
        kind = EVENTS.get(event.get("code", ""))
        if kind is not None:
            title = "%s: %s" % (self._around.node, event["text"])
            if self._outbox.add(self._mark, kind, ERROR, title, "", time.monotonic()):
                self._note_news()

    def _look(self) -> None:
        if not self._is_looking:
            self._is_looking = True
            self._scope.ask_havend(request("status"), self._take, ANSWER_PATIENCE_S)

    def _take(self, status: Any) -> None:
        self._is_looking = False
        if isinstance(status, CallFailure):
            return
        if (status.get("drill") or {}).get("owner"):
            # Nobody wants to be woken by what is meant to happen; what is otherwise afterwards is told then.
            return
        now = time.monotonic()
        try:
            found = self._watch.look(status, any(self._others.values()), now)
        except ODD_FACTS as why:
            # Of another version of havend.
            print("haven-agent: notify: the status is not understood: %r" % why, file=sys.stderr, flush=True)
            return
        self._status = status
        for news in found:
            self._outbox.add(self._mark, news.kind, news.severity, news.title, news.text, now, news.key)
        if found:
            self._note_news()

    # Who tells it

    def _note_news(self) -> None:
        self._is_news = True

    def _note_attempt(self) -> None:
        # At once: what was told is not to be told again by an agent that is started anew.
        self.keep()
        self._note_news()

    def _work(self) -> None:
        lines = {line.peer.node: line for line in self._around.carrier.lines() if line.is_open}
        for node in [each for each in self._others if each not in lines]:
            del self._others[node]
        strangers = [line for node, line in lines.items() if node not in self._others]
        for section, teller in self._tellers.items():
            teller.tell(self._ring(section), self._status)
        if self._is_news:
            self._is_news = False
            self._outbox.forget([each.section for each in self._tellers.values()], time.monotonic())
            self.keep()
            strangers = list(lines.values())
        self._say(strangers)

    def _ring(self, section: str) -> list[str]:
        others = [node for node, sections in self._others.items() if section in sections]
        return sorted({self._around.node, *others})

    def _say(self, lines: list[PeerLine]) -> None:
        for line in lines:
            if line.say(KIND, notices=self._outbox.say(time.monotonic()), sections=sorted(self._tellers)):
                self._others.setdefault(line.peer.node, [])

    def _hear(self, line: PeerLine, message: Document) -> None:
        try:
            documents = check_notices(message["notices"])
        except DocumentError:
            return
        is_new = line.peer.node not in self._others
        self._others[line.peer.node] = message["sections"][:MOST_SECTIONS]
        for section in self._outbox.merge(documents, time.monotonic()):
            if section in self._tellers:
                self._tellers[section].rest()
        if is_new:
            self._note_news()

    # What is kept in memory for an agent that is started again

    def keep(self) -> None:
        """Write down what was told, and what was not."""
        note = {
            "watch": self._watch.note(),
            "notices": self._outbox.say(time.monotonic()),
            "at": time.monotonic(),
        }
        try:
            with open(self._path + ".new", "w") as file:
                file.write(write_json(note))
            os.replace(self._path + ".new", self._path)
        except OSError as why:
            print("haven-agent: %s: %s" % (self._path, why.strerror), file=sys.stderr, flush=True)

    def _restore(self) -> None:
        try:
            with open(self._path) as file:
                note = read_json(file.read())
            notices = check_notices(note["notices"])
            self._watch = StatusWatch(note["watch"])
        except FileNotFoundError:
            return
        except (OSError, ValueError, DocumentError, AttributeError, LookupError, TypeError):
            # Cut short, or of another version: what was waiting is not worth more than the rest.
            print("haven-agent: %s is not understood" % self._path, file=sys.stderr, flush=True)
        else:
            self._outbox.merge(notices, time.monotonic())

    # What is shown

    def account(self) -> Document:
        """Return who is told, and what waits."""
        return {"sections": [teller.account() for teller in self._tellers.values()]}

    def problems(self) -> list[Document]:
        """Return who cannot be told."""
        return [each for teller in self._tellers.values() for each in teller.problems()]

    def close(self) -> None:
        """Tell nobody any more; what waits is kept."""
        self.keep()
        self._around.carrier.forget(KIND)
        for teller in self._tellers.values():
            teller.close()
        self._scope.close()
