# SPDX-License-Identifier: GPL-2.0-or-later
"""The part that looks after WANs: it costs nothing where there is none, and says what it does not know."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from haven.agent.loop import Loop, Scope
from haven.agent.part import Places, Surroundings
from haven.agent.roles import Roles
from haven.agent.wan import dialled_wan
from haven.agent.wan.part import WanPart
from haven.ubus import caller

LOADED = """
import sys
import haven.agent.main
import haven.havend.main
print([name for name in sorted(sys.modules) if name.startswith(("haven.agent.wan.", "haven.havend.loans"))])
"""
DOCUMENT = {
    "node": "r1",
    "virtual_routers": [{"group": "gateway", "family": 4, "device": "lan", "addresses": ["10.9.0.1/24"]}],
    "parts": {
        "wan": {"wans": [{"name": "wan", "interface": "wan", "group": "gateway", "standby_out": True}]}
    },
}


class Line:
    """A line to a paired router that is heard."""

    is_open = True

    def __init__(self, node: str) -> None:
        self.peer = SimpleNamespace(node=node)
        self.said: list[dict] = []

    def say(self, kind: str, **fields: object) -> bool:
        self.said.append({"kind": kind, **fields})
        return True


@pytest.fixture
def around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Surroundings:
    monkeypatch.setenv("HAVEN_UBUS_SOCKET", str(tmp_path / "none"))
    failures: list[BaseException] = []
    loop = Loop()
    places = Places(str(tmp_path), str(tmp_path / "haven"), str(tmp_path))
    return Surroundings(Scope(loop, str(tmp_path), failures.append), places, Roles(), lambda: None)


def codes(part: WanPart) -> list[str]:
    return [each["code"] for each in part.problems()]


def test_what_is_not_used_is_not_loaded():
    told = subprocess.check_output([sys.executable, "-c", LOADED], text=True)
    assert told.strip() == "['haven.agent.wan.part']"


def test_without_a_wan_there_is_nothing_to_say(around: Surroundings):
    part = WanPart(around)
    part.take_plan()
    part.take_roles()
    done: list[bool] = []
    part.prepare(lambda: done.append(True))
    part.end(lambda: done.append(True))
    assert done == [True, True] and part.account() == {} and part.problems() == []
    part.close()


def test_routers_that_are_not_paired_are_told_so(around: Surroundings):
    around.take_plan(DOCUMENT)
    part = WanPart(around)
    part.take_plan()
    assert codes(part) == ["wan-unpaired"]
    around.carrier.lines = lambda: [Line("r2")]
    assert codes(part) == []
    part.close()


def test_what_another_router_says_is_shown_and_rubbish_changes_nothing(around: Surroundings):
    around.take_plan(DOCUMENT)
    line = Line("r2")
    around.carrier.lines = lambda: [line]
    part = WanPart(around)
    part.take_plan()
    lease = {"addresses": ["203.0.113.5/24"], "prefixes": [], "routes": [], "dns": [], "left_s": 60}
    word = {"name": "wan", "state": "up", "is_started": True, "turn": 1, "seen": [], "identity": {}}
    word |= {"lease": lease, "session": None}
    around.carrier.take(line, {"kind": "wan", "wans": [word]})
    around.carrier.take(line, {"kind": "wan", "wans": [{**word, "lease": 5}]})
    around.carrier.take(line, {"kind": "wan", "wans": [{**word, "name": "other"}]})
    (shown,) = part.account()["wan"]["wans"]
    assert shown["lease"]["addresses"] == ["203.0.113.5/24"] and shown["state"] == "unknown"
    assert line.said and all(each["kind"] == "wan" for each in line.said)
    part.close()
    around.carrier.take(line, {"kind": "wan", "wans": [word]})


def test_a_wan_that_is_configured_no_more_is_let_go(around: Surroundings):
    around.take_plan(DOCUMENT)
    part = WanPart(around)
    part.take_plan()
    around.take_plan({**DOCUMENT, "parts": {}})
    part.take_plan()
    assert part.account() == {"wan": {"wans": []}} and part.problems() == []
    part.close()


LEASED = {
    "proto": "dhcp",
    "device": "wan",
    "up": True,
    "autostart": True,
    "ipv4-address": [{"address": "203.0.113.5", "mask": 24}],
    "route": [{"target": "0.0.0.0", "mask": 0, "nexthop": "203.0.113.1"}],
}


class Netifd:
    """What ubus is asked, each with who waits for the answer."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[dict], None]] = []

    def call(self, _scope: Scope, path: str, method: str, _words: dict, done: Callable) -> None:
        if (path, method) == ("network.interface.wan", "status"):
            self.waiting.append(done)


@pytest.fixture
def netifd(monkeypatch: pytest.MonkeyPatch) -> Netifd:
    made = Netifd()
    monkeypatch.setattr(caller, "call", made.call)
    return made


@pytest.fixture
def lent(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The names of what havend was told to be lent, each time."""
    told: list[list[str]] = []

    def ask(_scope: Scope, line: bytes, _done: object, _limit: float) -> None:
        request = json.loads(line)
        if request["command"] == "lend":
            told.append([each["name"] for each in request["loans"]])

    monkeypatch.setattr(Scope, "ask_havend", ask)
    return told


def turn(around: Surroundings) -> None:
    for _ in range(3):
        around.scope._loop.turn()


def test_an_agent_that_begins_anew_leaves_an_active_its_lease(
    around: Surroundings, netifd: Netifd, lent: list[list[str]]
):
    """havend gives up what it is not lent any more, and that is the address of the WAN."""
    around.take_plan(DOCUMENT)
    part = WanPart(around)
    part.take_plan()
    around.lender.lend("wireguard", [])
    turn(around)
    # It may be heard of before havend has said what the role is.
    netifd.waiting.pop()(LEASED)
    turn(around)
    around.roles.compare({"gateway": "active"})
    part.take_roles()
    turn(around)
    assert lent == []
    netifd.waiting.pop()(LEASED)
    turn(around)
    assert lent[0] == ["wan wan", "way out of gateway"]
    part.close()


def test_a_netifd_that_never_answers_is_not_waited_for(
    around: Surroundings, netifd: Netifd, lent: list[list[str]], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(dialled_wan, "KNOWN_WITHIN_S", 0.0)
    around.take_plan(DOCUMENT)
    part = WanPart(around)
    part.take_plan()
    turn(around)
    assert lent == [["way out of gateway"]] and netifd.waiting
    part.close()
