# SPDX-License-Identifier: GPL-2.0-or-later
"""What havend makes of BFD sessions: whom it tells of a failure, and what it shows; peers are the test's."""

from types import SimpleNamespace
from typing import Any

import pytest

from haven.contract.fields import check_objects
from haven.contract.planned_bfd import TOLD_SESSION
from haven.contract.status import check_problems
from haven.core.bfd.control_packet import ADMIN_DOWN, DOWN, EXPIRED, INIT, UP, ControlPacket, decode, encode
from haven.core.clock import MILLISECOND, SECOND
from haven.core.vrrp.states import ACTIVE, BACKUP
from haven.havend import bfd_sessions
from haven.havend.bfd_sessions import BfdSessions
from haven.havend.netlink_messages import KernelLink
from haven.inet import text_of
from tests.core.wire import Wire, octets_of, pair

PACE_MS = 10


class Peer:
    """The other router's end of one session, as simple as can be: it answers each packet, and goes on."""

    def __init__(self, mine: int) -> None:
        self.mine, self.yours, self.state = mine, 0, DOWN
        self.is_silent = False
        self.sent: list[ControlPacket] = []

    def hear(self, octets: bytes) -> None:
        packet = decode(octets)
        self.sent.append(packet)
        if self.is_silent:
            return
        self.yours = packet.mine
        self.state = {DOWN: INIT, INIT: UP, UP: UP, ADMIN_DOWN: DOWN}[packet.state]

    def packet(self, **more: Any) -> bytes:
        interval_us = PACE_MS * MILLISECOND
        facts = {"state": self.state, "mine": self.mine, "yours": self.yours, **more}
        return encode(ControlPacket(min_tx_us=interval_us, min_rx_us=interval_us, multiplier=3, **facts))


class Node:
    """A Backup with a session on each link; its Active's kernel and its BFD are the test's."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **more: Any) -> None:
        self.wire, self.events, self.facts = Wire(), [], []
        self.one, self.node = (
            self.wire.node(name, pair(priority, heartbeat_us=0, **more))
            for name, priority in (("one", 200), ("two", 100))
        )
        self.peers = {"lan": Peer(71), "wan": Peer(72)}
        self.pending: dict[str, list[tuple[bytes, int, bytes]]] = {"lan": [], "wan": []}
        self.flooded: set[str] = set()
        self.error: OSError | None = None
        self.wire.start()
        links = {name: KernelLink(1, name, True, bytes(6), True) for name in self.peers}
        self.reads: list[bool] = []
        poller = SimpleNamespace(
            add=lambda _fd: None,
            remove=lambda _fd: None,
            change=lambda _fd, reads, _w: self.reads.append(reads),
        )
        monkeypatch.setattr(bfd_sessions, "BfdReceiver", self._receiver)
        monkeypatch.setattr(bfd_sessions, "BfdSender", self._sender)
        monkeypatch.setattr(bfd_sessions.system, "now", lambda: self.wire.now)
        kernel, events = SimpleNamespace(link=links.get), SimpleNamespace(add=self._event)
        self.sessions = BfdSessions(self.node.engine, kernel, poller, events, self.node.handle)
        self.plan(*self.peers)

    def _event(self, code: str, **facts: Any) -> None:
        self.events.append(code)

    def _receiver(self, link: KernelLink, _family: int) -> SimpleNamespace:
        if self.error is not None:
            raise self.error

        def read(heard: Any) -> None:
            waiting, self.pending[link.name] = self.pending[link.name], []
            for source, ttl, octets in waiting:
                heard(link.name, source, ttl, octets)
            receiver.is_flooded = link.name in self.flooded

        sock = SimpleNamespace(fileno=lambda: 100 + len(link.name), close=lambda: None)
        receiver = SimpleNamespace(
            link=link, socket=sock, read=read, expect=lambda _p: None, is_flooded=False
        )
        return receiver

    def _sender(self, link: KernelLink, source: bytes, _peer: bytes) -> SimpleNamespace:
        peer = self.peers[link.name]
        return SimpleNamespace(link=link, source=source, send=peer.hear, close=lambda: None)

    def plan(self, *devices: str, own: str = "") -> None:
        """Let there be sessions on these, on one of them with this router itself."""
        documents = [
            {
                "name": f"bfd_{device}",
                "device": device,
                "address": text_of((self.node if device == own else self.one).address(device)),
                "min_tx_us": PACE_MS * MILLISECOND,
                "min_rx_us": PACE_MS * MILLISECOND,
                "multiplier": 3,
                "virtual_routers": [device],
            }
            for device in devices
        ]
        self.sessions.set_plan(SimpleNamespace(bfd=documents))

    def run(self, duration: int, late_us: int = 0) -> None:
        """Let time pass; each peer says something every 10 ms unless it is silent."""
        end = self.wire.now + duration
        while self.wire.now < end:
            for device, peer in self.peers.items():
                if not peer.is_silent:
                    self.say(device, peer.packet())
            self.sessions.act()
            self.wire.run(PACE_MS * MILLISECOND + late_us)

    def say(self, device: str, octets: bytes, ttl: int = 255, source: bytes | None = None) -> None:
        self.pending[device].append((source or self.one.address(device), ttl, octets))

    def silence(self, *devices: str) -> None:
        for device in devices:
            self.peers[device].is_silent = True

    def states(self) -> list[str]:
        return [each["state"] for each in self.sessions.report(self.wire.now)]

    def detection(self) -> str:
        group = self.node.engine.groups["gateway"]
        # Rounded, as the status has it.
        after_ms = round(max(each.active_down_us() for each in group.members) / 1000, 1)
        otherwise = {"by": "advertisements", "after_ms": after_ms, "ways": []}
        return str(self.sessions.detection(otherwise, group, self.wire.now)["by"])

    def problems(self) -> list[str]:
        found = check_problems(self.sessions.problems(self.wire.now), "problems")
        return [each["code"] for each in found]


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> Node:
    found = Node(monkeypatch)
    found.run(8 * SECOND)
    assert found.states() == ["Up", "Up"] and found.problems() == []
    assert found.detection() == "bfd"
    check_objects(found.sessions.report(found.wire.now), TOLD_SESSION, "bfd")
    return found


def test_group_takes_over_when_the_sessions_of_all_its_links_have_failed(node: Node) -> None:
    node.one.power_off()
    node.node.forget()
    node.silence("lan", "wan")
    node.run(50 * MILLISECOND)
    assert node.node.state() == ACTIVE
    assert [reason for _at, _state, reason in node.node.transitions()] == ["session"]
    assert node.events.count("bfd-silence") == 2


def test_packets_that_lie_in_the_own_kernel_are_no_silence(node: Node) -> None:
    node.sessions.is_own_late = lambda _now: True
    node.one.power_off()
    node.silence("lan", "wan")
    node.run(200 * MILLISECOND)
    assert node.node.state() == BACKUP and node.states() == ["Up", "Up"]
    node.sessions.is_own_late = lambda _now: False
    node.run(50 * MILLISECOND)
    assert node.node.state() == ACTIVE


@pytest.mark.parametrize("device", ["lan", "wan"])
def test_one_link_whose_session_has_failed_moves_nothing(node: Node, device: str) -> None:
    node.silence(device)
    node.run(10 * SECOND)
    assert node.node.state() == BACKUP and node.detection() == "advertisements"
    assert node.problems() == ["bfd-down"]


def test_session_taken_down_on_purpose_is_no_failure(node: Node) -> None:
    node.node.forget()
    for device, peer in node.peers.items():
        node.say(device, peer.packet(state=ADMIN_DOWN))
    node.silence("lan", "wan")
    node.run(10 * SECOND)
    assert node.node.transitions() == [] and node.events.count("bfd-peer-disabled") == 2
    assert node.problems() == ["bfd-refused", "bfd-refused"]


def test_router_that_hears_nothing_and_says_so_is_not_dead(node: Node) -> None:
    node.node.forget()
    for device, peer in node.peers.items():
        node.say(device, peer.packet(state=DOWN, diagnostic=EXPIRED))
    node.run(20 * MILLISECOND)
    assert node.node.transitions() == [] and node.events.count("bfd-unheard") == 2


def test_word_of_the_peer_that_it_does_not_forward_is_a_failure(node: Node) -> None:
    node.node.forget()
    for device, peer in node.peers.items():
        node.say(device, peer.packet(state=DOWN, diagnostic=5))
    node.sessions.act()
    assert [reason for _at, _state, reason in node.node.transitions()] == ["session"]


def test_forged_packets_move_nothing_and_are_shown(node: Node) -> None:
    node.node.forget()
    for device, peer in node.peers.items():
        down = {"state": DOWN, "diagnostic": 5}
        node.say(device, peer.packet(**down), ttl=254)
        node.say(device, peer.packet(yours=1234, **down))
        node.say(device, peer.packet(**down)[:23])
        node.say(device, b"\x60" + peer.packet(**down)[1:])
        node.say(device, peer.packet(**down)[:1] + b"\x44" + peer.packet(**down)[2:])
        node.say(device, peer.packet(**down), source=octets_of("192.168.51.99"))
        # Whoever has not seen a number can only say this.
        node.say(device, peer.packet(yours=0, **down))
    node.sessions.act()
    assert node.node.transitions() == []
    each = ["bfd-auth", "bfd-broken", "bfd-ttl"]
    assert sorted(node.problems()) == sorted(2 * [*each, "bfd-stranger"])
    assert [told["errors"]["ttl"] for told in node.sessions.report(node.wire.now)] == [1, 1]


def test_time_in_which_havend_stood_still_is_no_silence(node: Node) -> None:
    node.node.forget()
    # A machine that is paused as a whole: nothing came in meanwhile.
    node.wire.run(200 * MILLISECOND)
    node.run(50 * MILLISECOND)
    assert node.node.transitions() == [] and node.states() == ["Up", "Up"]


def test_silence_in_a_flood_is_nobodys(node: Node) -> None:
    node.node.forget()
    node.silence("lan", "wan")
    node.flooded = {"lan", "wan"}
    node.run(100 * MILLISECOND)
    assert node.node.transitions() == []
    node.flooded = set()
    node.one.power_off()
    node.run(100 * MILLISECOND)
    assert node.node.state() == ACTIVE


def test_active_that_advertises_while_its_bfd_is_silent_lives(node: Node) -> None:
    node.node.forget()
    # Its BFD ends some intervals before its next ADVERTISEMENT.
    due = min(member.deadline for member in node.one.engine.groups["gateway"].members)
    node.run(due - 20 * MILLISECOND - node.wire.now)
    node.silence("lan", "wan")
    node.run(60 * MILLISECOND)
    assert node.states() == ["Down", "Down"] and node.node.transitions() == []


def test_session_that_was_wrong_rests_and_that_is_told(node: Node) -> None:
    # Well between two ADVERTISEMENTs.
    node.run(300 * MILLISECOND)
    node.node.forget()
    node.silence("lan", "wan")
    node.run(50 * MILLISECOND)
    # The old Active has answered at once.
    assert node.node.transitions()[0][1:] == (ACTIVE, "session")
    for peer in node.peers.values():
        peer.is_silent, peer.yours, peer.state = False, 0, DOWN
    node.run(9 * SECOND)
    assert "bfd-false" in node.events
    assert node.node.state() == BACKUP and node.detection() == "advertisements"
    node.node.forget()
    node.silence("lan", "wan")
    node.run(SECOND)
    assert node.node.transitions() == []


@pytest.mark.parametrize(
    "more",
    [{"witnesses": (("lan", octets_of("192.168.51.9")),)}, {"majority": 3}],
    ids=["witness", "majority"],
)
def test_group_that_asks_others_first_does_not_go_by_it(monkeypatch: pytest.MonkeyPatch, more: dict) -> None:
    node = Node(monkeypatch, **more)
    node.run(8 * SECOND)
    assert node.states() == ["Up", "Up"] and node.detection() == "advertisements"
    node.one.power_off()
    node.silence("lan", "wan")
    node.run(SECOND)
    assert node.node.state() == BACKUP


def test_session_that_another_plan_has_no_more_is_taken_down_in_good_order(node: Node) -> None:
    node.plan("lan")
    assert node.peers["wan"].sent[-1].state == ADMIN_DOWN
    node.run(SECOND)
    assert node.states() == ["Up"] and node.events[-1] == "bfd-disabled"
    node.sessions.close()
    assert node.peers["lan"].sent[-1].state == ADMIN_DOWN


def test_port_that_somebody_else_has_is_told_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node(monkeypatch)
    node.error = OSError(98, "in use")
    node.run(SECOND)
    assert node.problems() == ["bfd-failed", "bfd-failed"]
    node.error = None
    node.run(8 * SECOND)
    assert node.states() == ["Up", "Up"] and node.problems() == []


def test_session_that_names_this_router_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node(monkeypatch)
    node.plan("lan", "wan", own="lan")
    node.silence("lan")
    node.run(8 * SECOND)
    assert node.states() == ["Up"] and node.problems() == []
    assert node.peers["lan"].sent == []


def test_nothing_is_promised_of_a_session_that_is_not_up_nor_where_nobody_is_heard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    node = Node(monkeypatch)
    assert node.detection() == "advertisements"
    node.run(8 * SECOND)
    assert node.detection() == "bfd"
    for member in node.node.engine.groups["gateway"].members:
        member.silent = True
    assert node.detection() == "advertisements"


def test_peer_that_never_answers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node(monkeypatch)
    node.silence("lan", "wan")
    node.run(6 * SECOND)
    assert node.problems() == ["bfd-down", "bfd-down"]


def test_flood_in_a_peers_name_leaves_the_processor_to_others(node: Node) -> None:
    """havend goes before all else on a router: what it reads without end nobody else has time beside."""
    node.flooded.add("lan")
    for _ in range(2):
        node.sessions.read(100 + len("lan"))
    assert node.reads == [False]
    node.run(SECOND)
    assert node.reads == [False]
    node.flooded.clear()
    node.run(SECOND)
    assert node.reads == [False, True]
