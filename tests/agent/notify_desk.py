# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent's part for notices beside a havend that says what a test wants, and lines between several."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from haven.agent.loop import Loop, Scope
from haven.agent.notify.part import NotifyPart
from haven.agent.part import Places, Surroundings
from haven.agent.roles import Roles
from haven.contract.channel import MESSAGES
from haven.contract.fields import check_object
from haven.contract.planned_parts import check_parts
from haven.contract.problems import problem
from haven.contract.status import check_account, check_problems
from tests.cli.fake_havend import FakeHavend
from tests.lab.wait import wait_until

Document = dict[str, Any]
STATUS = json.loads((Path(__file__).parents[1] / "cli/status/standby.json").read_text())


def status(node: str = "r1", state: str = "backup", *problems: Document, other: bool = True) -> Document:
    """Return a status of a router; with `other` another one is Active where this one is not."""
    found = copy.deepcopy(STATUS)
    found |= {"node": node, "state": state, "problems": list(problems)}
    for group in found["groups"]:
        change = {"from": "backup", "to": state, "reason": "nobody", "facts": {}, "at": 1.0}
        text = f"{group['name']}: Backup -> {state.capitalize()}: no Active was heard"
        group |= {"state": state, "last_transition": {**change, "text": text}}
    for router in found["virtual_routers"]:
        router["state"] = state
        router["active"] |= {"self": state == "active", "fresh": other or state == "active"}
    return found


def check_fails(about: str = "provider") -> Document:
    """Return a problem of one router's own."""
    return problem("check-failed", about, check=about, target="192.0.2.9", error="no answer")


class Line:
    """What one router says to another, checked and delivered at once while it is open."""

    def __init__(self, here: "Desk", there: "Desk") -> None:
        self.peer, self._here, self._there = there, here, there

    @property
    def is_open(self) -> bool:
        """Whether neither is gone."""
        return self._here.is_reached and self._there.is_reached

    def say(self, kind: str, **fields: Any) -> bool:
        """Deliver a message."""
        if self.is_open:
            message = json.loads(json.dumps({"kind": kind, **check_object(fields, MESSAGES[kind], kind)}))
            back = next(line for line in self._there.lines if line.peer is self._here)
            self._there.around.carrier.take(back, message)
        return self.is_open


class Desk:
    """One router."""

    def __init__(self, folder: Path, node: str = "r1") -> None:
        self.node, self.folder = node, folder
        folder.mkdir(exist_ok=True)
        self.status = status(node)
        self.havend = FakeHavend(folder / "run", status=lambda _request: self.status)
        self.failures: list[BaseException] = []
        self.loop = Loop()
        self.lines: list[Line] = []
        self.is_reached = True
        self.begin()

    def begin(self) -> None:
        """Begin as an agent does that is started, or started again."""
        run_dir = str(self.folder / "run")
        scope = Scope(self.loop, run_dir, self.failures.append)
        places = Places(run_dir, str(self.folder / "haven"), str(self.folder))
        self.around = Surroundings(scope, places, Roles(), lambda: None)
        self.around.carrier.lines = lambda: list(self.lines)
        self.part = NotifyPart(self.around)

    def restart(self) -> None:
        """End as an agent does that is killed, and begin again with the same plan."""
        document = self.around.document
        self.around.scope.close()
        self.begin()
        self.around.take_plan(document)
        self.part.take_plan()

    def plan(self, *sections: Document) -> None:
        """Take a plan with these sections."""
        parts = {"notify": {"sections": list(sections)}} if sections else {}
        check_parts(parts)
        self.around.take_plan({"node": self.node, "parts": parts})
        self.part.take_plan()

    def section(self, name: str = "phone", way: str = "command", to: str = "", **more: Any) -> Document:
        """Return a section whose command appends what it is told to the file `told`."""
        limits = {"interval_us": 0, "timeout_us": 60_000_000}
        kinds = {"on": ["role", "problem", "peer", "drill"], "severity": "warning"}
        # Written whole, so that no test reads a half.
        to = to or f"{{ cat; echo =; }} >{self.folder}/new && cat {self.folder}/new >>{self.folder}/told"
        return {"name": name, "way": way, "to": to, **kinds, **limits, **more}

    def told(self) -> list[str]:
        """Return the texts that were told."""
        path = self.folder / "told"
        return path.read_text().split("=\n")[:-1] if path.exists() else []

    def titles(self) -> list[str]:
        """Return the first line of each."""
        return [text.splitlines()[0] for text in self.told()]

    def turn(self) -> None:
        """Do what is due."""
        self.loop.at(0, lambda: None)
        self.loop.turn()
        assert self.failures == []

    def account(self) -> Document:
        """Return what the status shows of the first section."""
        found: Document = check_account(self.part.account())["notify"]["sections"][0]
        return found

    def problems(self) -> list[Document]:
        """Return what is the matter."""
        return check_problems(self.part.problems(), "problems")

    def close(self) -> None:
        """End it."""
        self.part.close()
        self.around.scope.close()
        self.havend.close()


def connect(*desks: Desk) -> None:
    """Let each hear each other."""
    for desk in desks:
        desk.lines = [Line(desk, other) for other in desks if other is not desk]


def turn_until(desks: list[Desk], condition: Callable[[], object], what: str) -> None:
    """Turn the loops until something is so."""

    def turned() -> object:
        for desk in desks:
            desk.turn()
        return condition()

    wait_until(turned, 30, what)
