# SPDX-License-Identifier: GPL-2.0-or-later
"""One address that speaks VRRP from two MAC addresses is two machines, and is told of once."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from haven.agent.claimants import speaker_watch
from haven.agent.claimants.part import ClaimantsPart
from haven.agent.claimants.speaker_watch import SpeakerWatch
from haven.agent.loop import Loop, Scope
from haven.agent.part import Places, Surroundings
from haven.agent.roles import Roles
from haven.contract.event_log import event_text
from haven.core.frame import multicast_frame
from haven.core.vrrp.advert import Advert, encode
from haven.core.vrrp.constants import GROUP_V4, GROUP_V6
from tests.core.wire import octets_of
from tests.havend.machines import Machine

Pair = tuple[Machine, Machine]
ROUTER = {"name": "lan", "group": "g", "family": 4, "device": "lan", "vrid": 51, "addresses": ["10.9.0.254"]}
# Of VRRP by its protocol number, and with no end of a header, nor of a source.
CUT = b"%s\x40%c\0\0\0\0\0\0\xff\x70\0\0\x0a"
ROUTER_6 = {**ROUTER, "name": "lan6", "family": 6, "addresses": ["fe80::fe"]}
PEER_6 = octets_of("fe80::2")
PEER, MACS = octets_of("10.9.0.2"), [bytes((2, 0, 0, 0, 0, number)) for number in range(1, 4)]


class Rounds:
    """A watch on the first machine, and somebody on the second who speaks during a round."""

    def __init__(self, pair: Pair, folder: Path) -> None:
        self._pair, self._loop, self._failures = pair, Loop(), []
        self.told: list[dict] = []
        self.watch = SpeakerWatch(Scope(self._loop, str(folder), self._failures.append), self.told.append)

    def round(
        self,
        *macs: bytes,
        vrid: int = 51,
        routers: tuple[dict, ...] = (ROUTER,),
        cut: bool = False,
        family: int = 4,
    ) -> list[str]:
        """Return the MAC addresses that are named after one more round, in which these speak."""

        def listen() -> None:
            self.watch.listen(list(routers))
            self._pair[1].inside(lambda: _speak(macs, vrid, cut, family))
            while self.watch._round is not None:
                self._loop.turn()
                assert self._failures == []

        self._pair[0].inside(listen)
        return sorted(mac for each in self.watch.problems() for mac in _macs(each["facts"]))


def _macs(facts: dict) -> tuple[str, str]:
    return facts["mac"], facts["other_mac"]


def _speak(macs: tuple[bytes, ...], vrid: int, cut: bool, family: int) -> None:
    peer, group, address = (PEER_6, GROUP_V6, "fe80::fe") if family == 6 else (PEER, GROUP_V4, "10.9.0.254")
    message = encode(Advert(3, vrid, 100, 1_000_000, (octets_of(address),)), peer, group)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sender:
        sender.bind(("lan", 0))
        for mac in macs:
            frame = multicast_frame(mac, peer, group, message)
            sender.send(CUT % (frame[:14], vrid) if cut else frame)


@pytest.fixture
def rounds(pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rounds]:
    monkeypatch.setattr(speaker_watch, "LISTEN_S", 0.2)
    made = Rounds(pair, tmp_path)
    yield made
    made.watch.close()


def test_two_machines_with_one_address_are_told_of_once_and_named_while_they_are(rounds: Rounds) -> None:
    both = sorted(mac.hex(":") for mac in MACS[:2])
    assert rounds.round(MACS[0]) == [] and rounds.round(MACS[0]) == []
    assert rounds.round(MACS[0], MACS[1]) == both
    assert rounds.round(MACS[1], MACS[0]) == both
    assert len(rounds.told) == 1 and rounds.told[0]["virtual_router"] == "lan"
    assert "10.9.0.2 speaks VRRP on lan from two MAC addresses" in event_text("address-moves", rounds.told[0])
    for _ in range(2):
        rounds.round(MACS[0])
    assert rounds.round(MACS[0]) == []


def test_who_speaks_in_the_name_of_one_that_has_fallen_silent_is_noticed(rounds: Rounds) -> None:
    rounds.round(MACS[0])
    for _ in range(5):
        assert rounds.round() == []
    assert rounds.round(MACS[1]) == sorted(mac.hex(":") for mac in MACS[:2])
    # One that was replaced is told of, and that is all.
    for _ in range(3):
        last = rounds.round(MACS[1])
    assert last == [] and len(rounds.told) == 1


def test_a_router_with_a_mac_address_for_each_virtual_router_is_one(rounds: Rounds) -> None:
    both = (ROUTER, {**ROUTER, "name": "two", "vrid": 52})
    assert rounds.round(MACS[0], routers=both) == rounds.round(MACS[1], vrid=52, routers=both) == []
    assert rounds.round(MACS[1], vrid=99, routers=both) == []


def test_by_ipv6_two_machines_are_noticed_as_well_and_are_not_those_of_ipv4(rounds: Rounds) -> None:
    both = (ROUTER, ROUTER_6)
    assert rounds.round(MACS[0], MACS[1], routers=both, family=6) == sorted(mac.hex(":") for mac in MACS[:2])
    (told,) = rounds.told
    assert (told["virtual_router"], told["peer"]) == ("lan6", "fe80::2")
    assert rounds.round(MACS[2], routers=(ROUTER,), family=6) == []


def test_what_is_no_whole_packet_is_nobodys(rounds: Rounds) -> None:
    assert rounds.round(MACS[0], MACS[1], cut=True) == [] and rounds.told == []


def test_with_a_key_nobody_listens(tmp_path: Path) -> None:
    scope = Scope(Loop(), str(tmp_path), lambda error: None)
    around = Surroundings(scope, Places(str(tmp_path), "", str(tmp_path)), Roles(), lambda: None)
    around.take_plan({"node": "r1", "virtual_routers": [{**ROUTER, "authentication": {}}]})
    part = ClaimantsPart(around)
    part._ask()
    assert part._speakers is None and part.problems() == []
    around.take_plan({"node": "r1", "virtual_routers": [ROUTER]})
    part._ask()
    assert part._speakers is not None
    part.close()
