# SPDX-License-Identifier: GPL-2.0-or-later
"""Two hundred and fifty virtual routers, and two hundred reloads."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from haven.havend.daemon import Daemon
from tests.havend.machines import Havend, Machine, wait_until
from tests.havend.plans import document, lan

Make = Callable[..., Havend]
Pair = tuple[Machine, Machine]

MANY = 250
RELOADS = 200


def _descriptors(node: Havend) -> int:
    return len(list(Path("/proc/%d/fd" % node.process.pid).iterdir()))


def _memory_kb(node: Havend) -> int:
    status = Path("/proc/%d/status" % node.process.pid).read_text()
    return int(status.split("VmRSS:")[1].split()[0])


def _router(number: int) -> str:
    return lan(
        "vr%03d" % number,
        vrid=number,
        advert_interval=1000,
        address=("10.10.%d.1/24" % number,),
        priority=255,
    )


def test_word_after_one_that_took_long_is_heard_at_its_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[int] = []

    def hear(*packet: int) -> list[object]:
        heard.append(packet[-1])
        return []

    performs = SimpleNamespace(perform=lambda wanted, now: None)
    desk = SimpleNamespace(now=0, _engine=SimpleNamespace(hear=hear), _executor=performs)
    monkeypatch.setattr("haven.havend.daemon.system.now", lambda: 7)
    for _ in range(2):
        Daemon._hear(desk, "lan", 4, b"", b"", 255, b"")  # type: ignore[arg-type]
    assert heard == [0, 7]


def test_two_hundred_and_fifty_virtual_routers(pair: Pair, havend: Make) -> None:
    node = havend(pair[0], *(_router(number) for number in range(1, MANY + 1))).prepare().start()
    status = node.status()
    assert len(status["virtual_routers"]) == MANY and status["state"] == "active"
    wait_until(lambda: all(each["address_held"] for each in node.status()["virtual_routers"]), "all held")
    assert status["problems"] == []
    assert len(pair[0].addresses("lan")) >= MANY
    assert node.stop() == 0
    assert not [each for each in pair[0].addresses("lan") if each.startswith("10.10.")]


def test_reloads_leave_nothing_behind(pair: Pair, havend: Make, tmp_path: Path) -> None:
    pair[0].ip("link add wan type veth peer name far", "link set far up", "link set wan up")
    pair[0].ip("address add 10.8.0.1/24 dev wan")
    guest = lan("guest", device="wan", vrid=9, address=("10.8.0.9/24",), advert_interval=10, virtual_mac=1)
    peer = lan("peer", vrid=10, address=("10.9.0.10/24",), unicast_peer=("10.9.0.2",), advert_interval=10)
    paths = []
    for number, sections in enumerate(((lan(),), (lan(priority=50), guest, peer))):
        paths.append(tmp_path / ("plan%d" % number))
        paths[-1].write_text(json.dumps(document(*sections)))
    node = havend(pair[0], lan()).prepare().start().until("active")
    # What a process needs at most it has after some.
    for _ in range(20):
        for path in paths:
            assert node.ask("load", path=str(path))["ok"]
    descriptors, memory = _descriptors(node), _memory_kb(node)
    for number in range(RELOADS):
        assert node.ask("load", path=str(paths[(number + 1) % 2]))["ok"]
    assert node.ask("load", path=str(paths[1]))["ok"]
    # A socket to a peer is opened with the first packet, before or after the count; a leak would be hundreds.
    wait_until(lambda: _descriptors(node) <= descriptors + 3, "everything is closed again")
    assert _memory_kb(node) < memory + 1500
    assert node.router()["counters"]["became_active"] == 1
    assert node.stop() == 0
