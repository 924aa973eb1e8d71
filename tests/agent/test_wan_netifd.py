# SPDX-License-Identifier: GPL-2.0-or-later
"""What netifd has of haven's own at run time: kept while it is wanted, and gone with what it was for."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from haven.agent.loop import Loop, Scope
from haven.agent.part import Places, Surroundings
from haven.agent.roles import Roles
from haven.agent.wan import runtime_interface
from haven.agent.wan.part import WanPart
from haven.agent.wan.standby_device import StandbyDevice
from haven.ubus import caller
from haven.ubus.caller import UbusFailure

ROUTER = {"group": "gateway", "family": 4, "device": "lan", "addresses": ["10.9.0.1/24"]}
SECTION = {"name": "wan", "interface": "wan", "group": "gateway", "standby_out": True}
DOWN = {"proto": "dhcp", "device": "eth1", "up": False, "autostart": False}


def plan(gateway: str = "10.9.0.1/24", **section: object) -> dict[str, Any]:
    return {
        "node": "r1",
        "virtual_routers": [{**ROUTER, "addresses": [gateway]}],
        "parts": {"wan": {"wans": [{**SECTION, **section}]}},
    }


class Netifd:
    """Has the interface `wan`, and what it is told to add; it answers at the next turn of the loop."""

    def __init__(self) -> None:
        self.added: dict[str, dict[str, Any]] = {}

    def call(self, scope: Scope, path: str, method: str, words: dict, done: Callable[[Any], None]) -> None:
        # As with a real call: whoever closes its scope has not asked.
        scope.inner().after(0, lambda: done(self._answer(path.rpartition(".")[2], method, words)))

    def _answer(self, name: str, method: str, words: dict[str, Any]) -> object:
        if method == "add_dynamic":
            self.added[words["name"]] = words
        elif name != "wan" and name not in self.added:
            return UbusFailure("ubus: there is no object", is_absent=True)
        elif method == "remove":
            del self.added[name]
        return DOWN if name == "wan" else {}


@pytest.fixture
def loop() -> Loop:
    return Loop()


@pytest.fixture
def netifd(monkeypatch: pytest.MonkeyPatch) -> Netifd:
    made = Netifd()
    monkeypatch.setattr(caller, "call", made.call)
    monkeypatch.setattr(runtime_interface, "LOOK_S", 0.01)
    return made


@pytest.fixture
def part(loop: Loop, tmp_path: Path, netifd: Netifd) -> WanPart:
    def fail(error: BaseException) -> None:
        raise error

    places = Places(str(tmp_path), str(tmp_path / "haven"), str(tmp_path))
    around = Surroundings(Scope(loop, str(tmp_path), fail), places, Roles(), lambda: None)
    made = WanPart(around)
    take(made, plan(), "backup")
    return made


def take(part: WanPart, document: dict[str, Any], state: str) -> None:
    part.around.take_plan(document)
    part.take_plan()
    take_role(part, state)


def take_role(part: WanPart, state: str) -> None:
    part.around.roles.compare({"gateway": state})
    part.take_roles()


def turns(loop: Loop, ends: Callable[[], bool], most: int = 200) -> bool:
    for _ in range(most):
        if ends():
            return True
        loop.turn()
    return False


def has(netifd: Netifd, *names: str) -> Callable[[], bool]:
    return lambda: set(netifd.added) == set(names)


def test_a_standby_holds_the_device_and_asks_the_active_for_names(loop: Loop, netifd: Netifd, part: WanPart):
    assert turns(loop, has(netifd, "hv_wan", "hv_out_gateway"))
    assert netifd.added["hv_wan"]["device"] == "eth1"
    assert netifd.added["hv_out_gateway"]["dns"] == ["10.9.0.1"]


def test_both_are_made_again_when_netifd_has_started_anew(loop: Loop, netifd: Netifd, part: WanPart):
    assert turns(loop, has(netifd, "hv_wan", "hv_out_gateway"))
    netifd.added.clear()
    assert turns(loop, has(netifd, "hv_wan", "hv_out_gateway"))


def test_nothing_is_left_of_a_section_that_is_gone(loop: Loop, netifd: Netifd, part: WanPart):
    assert turns(loop, has(netifd, "hv_wan", "hv_out_gateway"))
    take(part, {**plan(), "parts": {}}, "backup")
    assert turns(loop, has(netifd))
    for _ in range(5):
        loop.turn()
    assert not netifd.added


def test_a_device_that_was_let_go_is_not_held_again(loop: Loop, netifd: Netifd, tmp_path: Path):
    """An agent that ends looks at its interfaces until they are down."""
    device = StandbyDevice(Scope(loop, str(tmp_path), pytest.fail), str(tmp_path), "wan")
    device.keep("none", True)
    assert turns(loop, has(netifd, "hv_wan"))
    device.let_go()
    device.keep("none", True)
    for _ in range(9):
        loop.turn()
    assert not netifd.added


def test_a_section_that_changes_does_not_let_go_of_the_device(loop: Loop, netifd: Netifd, part: WanPart):
    assert turns(loop, has(netifd, "hv_wan", "hv_out_gateway"))
    take(part, plan(standby_out=False), "backup")
    seen = [set(netifd.added)]
    assert turns(loop, lambda: seen.append(set(netifd.added)) or seen[-1] == {"hv_wan"})
    assert all("hv_wan" in each for each in seen)


def test_another_gateway_is_asked_for_names_at_once(loop: Loop, netifd: Netifd, part: WanPart):
    assert turns(loop, has(netifd, "hv_wan", "hv_out_gateway"))
    take(part, plan("10.9.0.7/24"), "backup")
    assert turns(loop, lambda: netifd.added["hv_out_gateway"]["dns"] == ["10.9.0.7"])


def test_an_active_asks_itself_for_nothing(loop: Loop, netifd: Netifd, part: WanPart):
    """Also what an agent that was killed has left behind as the standby's."""
    assert turns(loop, has(netifd, "hv_wan", "hv_out_gateway"))
    take_role(part, "active")
    assert turns(loop, has(netifd, "hv_wan"))
    netifd.added["hv_out_gateway"] = {}
    take(part, {**plan(), "parts": {}}, "active")
    take(part, plan(), "active")
    assert turns(loop, has(netifd, "hv_wan"))
