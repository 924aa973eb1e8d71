# SPDX-License-Identifier: GPL-2.0-or-later
"""Another machine with a virtual address of this Active: it is named once it has answered twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from haven.agent.claimants import address_watch
from haven.agent.claimants.address_watch import AddressWatch
from haven.agent.claimants.part import ClaimantsPart
from haven.agent.loop import Loop, Scope
from haven.agent.part import Places, Surroundings
from haven.agent.roles import Roles
from tests.havend.machines import Machine

GATEWAY = "10.9.0.254"
ROUTER = {"name": "lan", "group": "g", "family": 4, "device": "lan", "vrid": 51, "addresses": [GATEWAY]}

Pair = tuple[Machine, Machine]


class Rounds:
    """A watch on the first machine, whose rounds a test lets happen."""

    def __init__(self, machine: Machine, folder: Path) -> None:
        self._machine, self._loop, self._failures = machine, Loop(), []
        self.watch = AddressWatch(Scope(self._loop, str(folder), self._failures.append))

    def round(self, *routers: dict) -> list[tuple[str, str]]:
        """Return who is named after one more round, and for what."""

        def ask() -> None:
            self.watch.ask(list(routers or (ROUTER,)))
            while self.watch._round is not None:
                self._loop.turn()
                assert self._failures == []

        self._machine.inside(ask)
        return [(each["facts"]["mac"], each["facts"]["address"]) for each in self.watch.problems()]


@pytest.fixture
def rounds(pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rounds]:
    monkeypatch.setattr(address_watch, "ANSWER_S", 0.3)
    made = Rounds(pair[0], tmp_path)
    yield made
    made.watch.close()


def mac_of(machine: Machine) -> str:
    found = machine.link("lan")
    assert found is not None
    return str(found["address"])


def test_a_machine_that_answers_twice_is_named_until_it_is_silent_twice(pair: Pair, rounds: Rounds) -> None:
    pair[0].ip(f"address add {GATEWAY}/32 dev lan")
    assert rounds.round() == [] and rounds.round() == []
    pair[1].ip(f"address add {GATEWAY}/24 dev lan")
    # An Active that has just handed over may be heard once.
    assert rounds.round() == []
    assert rounds.round() == rounds.round() == [(mac_of(pair[1]), GATEWAY)]
    pair[1].ip(f"address del {GATEWAY}/24 dev lan")
    assert rounds.round() == [(mac_of(pair[1]), GATEWAY)]
    assert rounds.round() == []


def test_the_routers_own_addresses_of_the_link_are_no_claimants(pair: Pair, rounds: Rounds) -> None:
    pair[1].ip(f"address add {GATEWAY}/24 dev lan")
    own = {**ROUTER, "virtual_mac": mac_of(pair[1]).replace(":", "")}
    assert rounds.round(own) == rounds.round(own) == []
    # What is another's by now is not ours to complain of.
    assert rounds.round() == [] and rounds.round() != []
    assert rounds.round({**ROUTER, "addresses": ["10.9.0.253"]}) == []


def test_a_device_that_is_down_or_gone_has_no_neighbours(pair: Pair, rounds: Rounds) -> None:
    pair[0].ip("link set lan down")
    assert rounds.round() == rounds.round({**ROUTER, "device": "nowhere"}) == []


def test_of_many_addresses_each_has_its_turn(pair: Pair, rounds: Rounds) -> None:
    many = {**ROUTER, "addresses": [f"10.9.1.{number}/24" for number in range(1, 41)]}
    pair[1].ip("address add 10.9.1.40/24 dev lan")
    named = [rounds.round(many) for _ in range(8)]
    assert named[-1] == [(mac_of(pair[1]), "10.9.1.40")]


def test_a_backup_asks_nobody(tmp_path: Path) -> None:
    scope = Scope(Loop(), str(tmp_path), lambda error: None)
    around = Surroundings(scope, Places(str(tmp_path), "", str(tmp_path)), Roles(), lambda: None)
    around.take_plan({"node": "r1", "virtual_routers": [ROUTER]})
    around.roles.states["g"] = "backup"
    part = ClaimantsPart(around)
    part._ask()
    assert part._watch is None and part.problems() == []
    around.roles.states["g"] = "active"
    part._ask()
    assert part._watch is not None
    part.close()
