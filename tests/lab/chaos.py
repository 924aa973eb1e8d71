# SPDX-License-Identifier: GPL-2.0-or-later
"""What may happen to many routers, one thing after the other by chance; one Active is left each time.

Two halves that do not hear each other have an Active each; nobody else may be one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

from tests.lab.node import Node
from tests.lab.wait import now_ns, wait_until

# The Active_Down_Interval, and what a busy machine may hold somebody up.
BUDGET_S = 15.0


class Wires(Protocol):
    """What chaos does to a network of routers."""

    def power_cut(self, name: str) -> object:
        """Cut a router off and end its processes."""

    def power_on(self, name: str) -> object:
        """Give it back as it boots."""

    def part(self, names: Sequence[str]) -> object:
        """Keep these and the others from hearing each other."""

    def heal(self) -> object:
        """End that."""


@dataclass(frozen=True)
class Happened:
    """What happened to whom, whether to the Active alone, and after how long one Active was left."""

    what: str
    name: str
    to_active: bool
    settled_ms: float


class Chaos:
    """Eight routers or so; `happen` does the next thing and waits until one Active is left."""

    def __init__(self, network: Wires, nodes: Sequence[Node], seed: int) -> None:
        self._network, self._random = network, Random(seed)
        self.nodes = {node.name: node for node in nodes}
        self.dead: dict[str, str] = {}
        self.half: tuple[str, ...] = ()
        # The one that was left last, None while there are two halves.
        self.active: Node | None = None

    def choose(self) -> str:
        """Choose what happens next: half of the time to the Active, and the dead come back by and by."""
        if self.half and self._random.random() < 0.5:
            return "heal"
        if self.dead and (self._random.random() < 0.4 or len(self.dead) >= len(self.nodes) // 2):
            return "return"
        return self._random.choice(
            ["kill", "cut", "stop", "part"] if not self.half else ["kill", "cut", "stop"]
        )

    def happen(self, what: str = "", name: str = "") -> Happened:
        """Do one thing, by chance where it is not said.

        Raises TimeoutError where not one Active is left in each half.
        """
        what = what or self.choose()
        name = name or self._whom(what)
        to_active = self.active is not None and name == self.active.name
        began = now_ns()
        getattr(self, f"_{what}")(name)
        self.wait_settled(what, name)
        return Happened(what, name, to_active, (now_ns() - began) / 1e6)

    def _whom(self, what: str) -> str:
        if what in ("part", "heal"):
            return ""
        if what == "return":
            return self._random.choice(sorted(self.dead))
        living = sorted(self.nodes.keys() - self.dead.keys())
        if self.active is not None and self._random.random() < 0.5:
            return self.active.name
        return self._random.choice(living)

    def wait_settled(self, what: str, name: str) -> None:
        """Wait until each half has one Active, and all others of it are Backups."""
        try:
            wait_until(self.is_settled, BUDGET_S, f"one Active after {what} {name}")
        except TimeoutError as late:
            raise TimeoutError(f"{late}; halves {self._halves()}: {self._states()}") from None

    def is_settled(self) -> bool:
        """Tell whether each half has one Active; note it if it is the only one."""
        states = self._states()
        actives = []
        for half in self._halves():
            leading = [name for name in half if states[name] == "active"]
            if len(leading) != 1 or any(states[name] not in ("active", "backup") for name in half):
                return False
            actives += leading
        self.active = self.nodes[actives[0]] if len(actives) == 1 else None
        return True

    def _states(self) -> dict[str, str | None]:
        return {name: node.state() for name, node in self.nodes.items() if name not in self.dead}

    def _halves(self) -> list[list[str]]:
        living = [name for name in self.nodes if name not in self.dead]
        here = [name for name in living if name in self.half]
        there = [name for name in living if name not in self.half]
        return [half for half in (here, there) if half]

    def _kill(self, name: str) -> None:
        self.nodes[name].kill9()
        self.dead[name] = "kill"

    def _stop(self, name: str) -> None:
        self.nodes[name].stop()
        self.dead[name] = "stop"

    def _cut(self, name: str) -> None:
        self._network.power_cut(name)
        self.dead[name] = "cut"

    def _return(self, name: str) -> None:
        if self.dead.pop(name) == "cut":
            self._network.power_on(name)
            if self.half:
                # Its new cables are in neither half.
                self._part_again()
        self.nodes[name].start()

    def _part(self, _name: str) -> None:
        names = sorted(self.nodes)
        self.half = tuple(self._random.sample(names, len(names) // 2))
        self._part_again()

    def _part_again(self) -> None:
        self._network.part(self.half)

    def _heal(self, _name: str) -> None:
        self.half = ()
        self._network.heal()
