# SPDX-License-Identifier: GPL-2.0-or-later
"""Two havens that watch each other by BFD, with the same sections on both."""

import struct
import sys
from collections.abc import Iterator

from haven.core.bfd.control_packet import DOWN, PORT, SOURCE_PORTS, ControlPacket, encode
from haven.core.checksum import internet_checksum
from tests.lab.attacker import ROOT, Attacker
from tests.lab.bfd_node import BfdHaven
from tests.lab.forged import Forger
from tests.lab.network import Network
from tests.lab.wait import holds_for, wait_until

UDP = 17
# Says the frames of its arguments ten times a second.
SENDER = """
import itertools, socket, sys, time
sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
sender.bind(("lan", 0))
for frame in itertools.cycle(sys.argv[1:]):
    sender.send(bytes.fromhex(frame))
    time.sleep(0.1)
"""
# A session ends after three of them, long before advertisements are missed, and after any stall of havend.
BFD_MS = 200
OPTIONS = {"bfd_ms": BFD_MS, "interval_ms": 400, "families": (4, 6), "group_more": {"heartbeat": 0}}


def test_pair_takes_over_by_its_sessions_and_one_cut_link_moves_nothing(network: Network) -> None:
    first = BfdHaven(network, "r1", priority=200, **OPTIONS)
    second = BfdHaven(network, "r2", **OPTIONS)
    first.start().wait_state("active")
    second.start().wait_state("backup")
    wait_until(lambda: second.group()["detection"]["by"] == "bfd", 30, "all sessions are up")
    assert second.group()["detection"]["after_ms"] == 3 * BFD_MS
    network.split("wan")
    wait_until(lambda: second.session("wan")["state"] == "Down", 5, "the cut is noticed")
    holds_for(lambda: second.state() == "backup", 1, "the other link lives")
    network.heal()
    wait_until(lambda: second.group()["detection"]["by"] == "bfd", 30, "all sessions are up again")
    network.power_cut("r1")
    second.wait_state("active")
    assert second.group()["last_transition"]["reason"] == "session"


def test_router_that_stops_takes_its_sessions_down_on_purpose(network: Network) -> None:
    first = BfdHaven(network, "r1", priority=200, segments=("lan",), bfd_ms=BFD_MS)
    second = BfdHaven(network, "r2", segments=("lan",), bfd_ms=BFD_MS)
    first.start().wait_state("active")
    second.start().wait_state("backup")
    wait_until(lambda: second.session()["state"] == "Up", 20, "the session is up")
    first.stop()
    second.wait_state("active")
    told = [each["code"] for each in second.events() if each["kind"] == "bfd"]
    assert told == ["bfd-up", "bfd-peer-disabled"]
    assert second.group()["last_transition"]["reason"] == "resigned"


def test_who_cannot_read_the_packets_ends_no_session(network: Network) -> None:
    options = {
        "bfd_ms": BFD_MS,
        "interval_ms": 1000,
        "segments": ("lan",),
        "group_more": {"heartbeat": 0},
    }
    first = BfdHaven(network, "r1", priority=200, **options)
    second = BfdHaven(network, "r2", **options)
    attacker = Attacker(network)
    first.start().wait_state("active")
    second.start().wait_state("backup")
    wait_until(lambda: second.group()["detection"]["by"] == "bfd", 30, "the session is up")
    forger = Forger(4)
    frames = [_forged(forger, *ends) for ends in ((1, 0), (0, 1))]
    sender = attacker.namespace.spawn([sys.executable, "-c", SENDER, *(each.hex() for each in frames)])
    holds_for(lambda: second.state() == "backup", 3, "nobody takes over")
    sender.terminate()
    sender.wait(60)
    assert [each["code"] for each in second.events() if each["kind"] == "bfd"] == ["bfd-up"]


def _forged(forger: Forger, source: int, to: int) -> bytes:
    """Return a packet of one router to the other, by whom the number of the session is not known."""
    ends = (forger.first, forger.second)
    packet = encode(ControlPacket(DOWN, 4711, 0, 20_000, 20_000, 3))
    datagram = struct.pack("!4H", 50000, PORT, 8 + len(packet), 0) + packet
    return forger.frame(datagram, ends[source], ends[to], kind=UDP)


# Says of each port in turn, for half a second, that what left from it was not taken: some 10 000 a second.
LIAR = """
import socket, sys, time
from tests.lab.test_bfd import LIE_S, SPRAYED, lies
sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
sender.bind(("lan", 0))
for frames in lies(sys.argv[1], sys.argv[2]):
    end = time.monotonic() + LIE_S
    while time.monotonic() < end:
        for frame in frames:
            sender.send(frame)
        time.sleep(SPRAYED / 10_000)
"""
LIE_S, SPRAYED = 0.5, 200
PROTOCOL_UNREACHABLE = (3, 2)
ICMP = 1


def lies(mac: str, port: str) -> Iterator[list[bytes]]:
    """Yield the frames for some ports at a time, from those around a port on."""
    for first in range(int(port) - SPRAYED // 2, SOURCE_PORTS[1], SPRAYED):
        yield [_lie(bytes.fromhex(mac), each) for each in range(first, first + SPRAYED)]


def _lie(mac: bytes, port: int) -> bytes:
    """Return the frame in which a stranger says that a packet from a port of the first's was not taken."""
    forger = Forger(4)
    inner = struct.pack("!4H", port, PORT, 32, 0)
    quoted = forger.frame(inner, forger.first, forger.second, kind=UDP)[14:]
    blank = struct.pack("!BBHI", *PROTOCOL_UNREACHABLE, 0, 0) + quoted
    message = blank[:2] + struct.pack("!H", internet_checksum(blank)) + blank[4:]
    return mac + forger.frame(message, forger.stranger, forger.first, kind=ICMP)[6:]


def _port_of(node: BfdHaven) -> str:
    """Tell from which port the packets of a node's session leave; the attacker gets there sooner by it."""
    lines = node.router.namespace.run("ss", "-uanH").splitlines()
    ports = [line.split()[3].rpartition(":")[2] for line in lines]
    return next(port for port in ports if port.isdigit() and int(port) >= SOURCE_PORTS[0])


def test_who_says_that_packets_are_not_taken_ends_no_session(network: Network) -> None:
    options = {"bfd_ms": 50, "interval_ms": 1000, "segments": ("lan",), "group_more": {"heartbeat": 0}}
    first = BfdHaven(network, "r1", **options)
    second = BfdHaven(network, "r2", priority=200, **options)
    attacker = Attacker(network)
    first.start().wait_state("active")
    second.start().wait_state("backup")
    wait_until(lambda: second.group()["detection"]["by"] == "bfd", 30, "the session is up")
    mac, paths = first.router.mac("lan").replace(":", ""), {"PYTHONPATH": f"{ROOT}:{ROOT}/src"}
    argv = [sys.executable, "-c", LIAR, mac, _port_of(first)]
    before = attacker.sent()
    liar = attacker.namespace.spawn(argv, env=paths, cwd=ROOT)
    try:
        wait_until(lambda: attacker.sent() - before > SPRAYED, 30, "the attacker speaks")
        holds_for(lambda: second.state() == "backup", 3, "nobody takes over from a router that lives")
        assert [each["code"] for each in second.events() if each["kind"] == "bfd"] == ["bfd-up"]
    finally:
        liar.terminate()
        liar.wait(60)
