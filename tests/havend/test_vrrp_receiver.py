# SPDX-License-Identifier: GPL-2.0-or-later
"""A real socket under a real filter, and in a flood."""

import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from haven import light_socket
from haven.contract.plan import read_plan
from haven.core.clock import SECOND
from haven.core.frame import ipv4_packet, ipv6_packet
from haven.core.vrrp.constants import multicast_group
from haven.havend.host import system
from haven.havend.vrrp_receiver import AT_ONCE, FLOOD_OVER, VrrpReceiver
from haven.havend.vrrp_sockets import VrrpSockets
from tests.havend.machines import Machine, wait_until
from tests.havend.plans import document, lan, write

SOURCES = {4: socket.inet_pton(socket.AF_INET, "10.9.0.2"), 6: socket.inet_pton(socket.AF_INET6, "fe80::9")}
TTL_AT = {4: 8, 6: 7}


class Link:
    """A receiver on one machine, and a sender of whatever packets on the other."""

    def __init__(self, pair: tuple[Machine, Machine], family: int) -> None:
        self.family, self.group = family, multicast_group(family)
        index = pair[0].link("lan")["ifindex"]
        sock = pair[0].inside(lambda: system.open_receiver("lan", index, family, self.group))
        assert isinstance(sock, light_socket.socket)
        self.receiver = VrrpReceiver("lan", family, sock)
        self.sender = pair[1].inside(lambda: system.open_sender("lan", family))
        self.index = pair[1].link("lan")["ifindex"]
        self.heard: list[tuple[int, int]] = []

    def send(self, vrid: int, ttl: int = 255) -> None:
        self.send_message(bytes((0x31, vrid)) + bytes(10), ttl)

    def send_message(self, message: bytes, ttl: int = 255) -> None:
        wrap = ipv6_packet if self.family == 6 else ipv4_packet
        packet = bytearray(wrap(SOURCES[self.family], self.group, message))
        packet[TTL_AT[self.family]] = ttl
        # Only the multicast group of a link has a scope.
        to = socket.inet_ntop(socket.AF_INET6 if self.family == 6 else socket.AF_INET, self.group)
        self.sender.sendto(packet, (to, 0, 0, self.index) if self.family == 6 else (to, 0))

    def read(self) -> bool:
        """Read one packet, and at once what else waits; tell whether that was a flood."""
        return self.read_once() or self.read_once()

    def read_once(self) -> bool:
        return self.receiver.read(lambda *packet: self.heard.append((packet[5][1], packet[4])))

    def hears(self, *packets: tuple[int, int]) -> list[tuple[int, int]]:
        """Send packets, and one at the end that is surely let pass; return those before it."""
        self.heard.clear()
        for vrid, ttl in packets:
            self.send(vrid, ttl)
        self.send(51)

        def last() -> bool:
            self.read()
            return self.heard[-1:] == [(51, 255)]

        wait_until(last, "the last one")
        return self.heard[:-1]


@pytest.fixture(params=[4, 6])
def link(pair: tuple[Machine, Machine], request: pytest.FixtureRequest) -> Iterator[Link]:
    for machine in pair:
        machine.ip("route add 224.0.0.0/4 dev lan")
    pair[1].ip("address add fe80::9/64 dev lan nodad")
    found = Link(pair, request.param)
    yield found
    found.receiver.socket.close()
    found.sender.close()


def test_the_kernel_drops_what_is_for_no_virtual_router_of_ours(link: Link) -> None:
    link.receiver.set_filter([7, 9, 10, 11, 51], False)
    sent = [(vrid, 255) for vrid in (1, 6, 7, 8, 9, 10, 11, 12, 50, 52, 255)]
    assert link.hears(*sent) == [(7, 255), (9, 255), (10, 255), (11, 255)]


@pytest.mark.parametrize("length", [0, 1])
def test_what_has_no_vrid_and_came_before_the_filter_harms_nobody(link: Link, length: int) -> None:
    link.send_message(bytes(length))
    link.send(51)
    wait_until(lambda: link.receiver.socket.getsockopt(socket.SOL_SOCKET, 55, 36) != bytes(36), "packets")
    link.receiver.set_filter([51], False)
    assert link.hears() == [(51, 255)]


def test_what_came_from_afar_is_read_and_told_of_but_not_in_a_flood(link: Link) -> None:
    link.receiver.set_filter([51], False)
    assert link.hears((51, 254), (51, 3)) == [(51, 254), (51, 3)]
    link.receiver.flooded_at = system.now()
    link.receiver.set_filter([51], False)
    # But for a sample.
    assert len(link.hears(*[(51, 3)] * 200)) < 20
    link.receiver.set_filter([51], True)
    assert link.hears((51, 254)) == [(51, 254)]


@pytest.mark.parametrize(("vrid", "ttl"), [(50, 255), (51, 3)])
def test_a_flood_of_what_the_kernel_drops_is_noticed_and_is_over(
    link: Link, vrid: int, ttl: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    link.receiver.flooded_at = system.now()
    link.receiver.set_filter([51], False)
    link.receiver.flooded_at = -FLOOD_OVER
    monkeypatch.setattr("haven.havend.vrrp_receiver.SECOND", 60 * SECOND)
    while not link.receiver.is_flooded(system.now()):
        link.hears(*[(vrid, ttl)] * 200)
    assert vrid not in [heard for heard, _ttl in link.heard if heard != 51]
    link.receiver.flooded_at = system.now() - FLOOD_OVER
    link.receiver.set_filter([51], False)
    assert link.hears((51, 3)) == [(51, 3)]


def test_other_routers_on_the_link_are_no_flood(link: Link) -> None:
    link.receiver.set_filter([51], False)
    link.hears(*[(50, 255)] * 2000)
    assert not link.receiver.is_flooded(system.now())


def test_a_strict_filter_is_looked_at_again_when_the_flood_may_be_over(link: Link) -> None:
    link.receiver.flooded_at = now = system.now()
    link.receiver.set_filter([51], False)
    assert link.receiver.resume_at == now + FLOOD_OVER


def test_all_virtual_routers_that_there_can_be_fit_into_a_filter(link: Link) -> None:
    link.receiver.set_filter(list(range(1, 256, 2)), False)
    assert link.hears((1, 255), (2, 255), (253, 255), (254, 255), (255, 255)) == [
        (1, 255),
        (253, 255),
        (255, 255),
    ]


def test_a_flood_is_read_for_half_of_the_time(link: Link) -> None:
    def waiting() -> int:
        return int.from_bytes(link.receiver.socket.getsockopt(socket.SOL_SOCKET, 55, 36)[:4], sys.byteorder)

    link.send(51)
    one = wait_until(waiting, "a packet")
    for _ in range(AT_ONCE + 9):
        link.send(51)
    wait_until(lambda: waiting() >= (AT_ONCE + 10) * one, "all packets")
    began = system.now()
    assert link.read()
    assert len(link.heard) == 1 + AT_ONCE
    ended = system.now()
    assert link.receiver.is_flooded(ended)
    assert link.receiver.flooded_at < link.receiver.resume_at <= ended + (ended - began)
    assert not link.read()


def test_of_several_packets_the_first_is_read_alone_and_then_all_others(link: Link) -> None:
    for _ in range(5):
        link.send(51)
    wait_until(lambda: link.read_once() or link.heard, "the first")
    # Where it takes a while until it is asked for more, there may be a second alone.
    assert len(link.heard) <= 2
    wait_until(lambda: link.read() or len(link.heard) == 5, "all of them")


def test_a_reload_in_a_flood_filters_as_before_when_the_flood_is_over(
    pair: tuple[Machine, Machine], tmp_path: Path
) -> None:
    routers = read_plan(write(tmp_path, document(lan()))).routers
    device = SimpleNamespace(index=pair[0].link("lan")["ifindex"])
    kernel = SimpleNamespace(link=lambda _device: device)
    sockets = VrrpSockets(kernel, system.Poller(), lambda *_packet: None, lambda *_where: None)
    pair[0].inside(lambda: sockets.set_routers(routers))
    (receiver,) = sockets._receivers.values()
    # As samples of what the kernel drops tell of one.
    receiver.flooded_at = system.now()
    sockets.set_routers(routers)
    assert sockets.resume_at <= system.now() + FLOOD_OVER
    sockets.close()
