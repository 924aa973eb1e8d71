# SPDX-License-Identifier: GPL-2.0-or-later
"""What the Active's kernel is asked, octet by octet, and whose answers count."""

import socket
from collections.abc import Iterator

import pytest

from haven.core.witness_frames import neighbour_solicitation
from haven.havend import heartbeat_socket
from haven.havend.heartbeat_socket import HeartbeatSocket
from haven.havend.netlink_messages import KernelLink
from haven.havend.packet_filter import arp_replies_filter, neighbour_adverts_filter

OWN, ACTIVE, THIRD = (bytes.fromhex(f"0200000000{number:02x}") for number in (2, 1, 9))
LINK = KernelLink(3, "lan", True, OWN, True)
SOURCE, ADDRESS, VIRTUAL, OTHER = (socket.inet_aton(f"192.168.1.{host}") for host in (2, 1, 254, 7))
SIX = {
    name: socket.inet_pton(socket.AF_INET6, text) for name, text in (("own", "fe80::2"), ("it", "fe80::1"))
}
VIRTUAL6, OTHER6 = (socket.inet_pton(socket.AF_INET6, text) for text in ("fe80::fe", "fe80::1:1"))
# RFC 826: to whom, from whom, ARP, Ethernet and IPv4, request, who asks, for whom.
ASKED = "{to} 020000000002 0806 0001 0800 06 04 0001 020000000002 c0a80102 000000000000 {whom}"
# RFC 4861 4.3: IPv6 of 32 octets from fe80::2 with hop limit 255, and the asker's link-layer address.
ASKED6 = (
    "020000000001 020000000002 86dd 60000000 0020 3a ff"
    "fe800000000000000000000000000002 fe800000000000000000000000000001"
    "8700 {checksum} 00000000 fe800000000000000000000000000001 0101 020000000002"
)


def question(to: str, whom: bytes) -> bytes:
    return bytes.fromhex(ASKED.format(to=to, whom=whom.hex()))


def reply(address: bytes, mac: bytes = ACTIVE) -> bytes:
    head = OWN + mac + bytes.fromhex("0806 0001 0800 06 04 0002")
    return head + mac + address + OWN + SOURCE


def advert(address: bytes, kind: int = 136, hops: int = 255, protocol: int = 58) -> bytes:
    """Return the frame of a neighbour advertisement (RFC 4861 4.4); nobody looks at its checksum."""
    ip = bytes.fromhex("60000000 0018") + bytes((protocol, hops)) + SIX["it"] + SIX["own"]
    return OWN + ACTIVE + bytes.fromhex("86dd") + ip + bytes((kind, 0)) + bytes(6) + address


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Give the other end of the socket that is opened next; the kernel runs filters on it as on any."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    for each in (ours, theirs):
        each.setblocking(False)
    monkeypatch.setattr(heartbeat_socket.system, "open_frames", lambda *_: theirs)
    yield ours
    ours.close()
    theirs.close()


def asked(wire: socket.socket) -> list[bytes]:
    found = []
    while True:
        try:
            found.append(wire.recv(2048))
        except BlockingIOError:
            return found


def passes(program: bytes, frame: bytes) -> bool:
    sender, receiver = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with sender, receiver:
        receiver.setblocking(False)
        assert heartbeat_socket.system.attach_filter(receiver, program)
        sender.send(frame)
        try:
            return receiver.recv(2048) == frame
        except BlockingIOError:
            return False


def test_filters_let_the_answers_for_these_addresses_pass_and_nothing_else():
    arp = arp_replies_filter([ADDRESS, VIRTUAL])
    assert [passes(arp, reply(each)) for each in (ADDRESS, VIRTUAL, OTHER)] == [True, True, False]
    assert not passes(arp, question("ffffffffffff", ADDRESS)) and not passes(arp, reply(ADDRESS)[:20])
    six = neighbour_adverts_filter([SIX["it"], VIRTUAL6])
    assert [passes(six, advert(each)) for each in (SIX["it"], VIRTUAL6, OTHER6)] == [True, True, False]
    assert not passes(six, advert(SIX["it"], kind=135)) and not passes(six, advert(SIX["it"], protocol=17))
    assert not passes(six, advert(SIX["it"])[:70])


def test_everybody_is_asked_until_somebody_answers_and_then_that_one(wire: socket.socket):
    sock = HeartbeatSocket(LINK, SOURCE, ADDRESS, VIRTUAL)
    sock.ask()
    wire.send(reply(ADDRESS))
    assert sock.answers(1, False) == 1
    sock.ask()
    sock.ask_everybody()
    all_of_them = "ffffffffffff"
    expected = [
        (all_of_them, ADDRESS),
        ("020000000001", ADDRESS),
        (all_of_them, ADDRESS),
        (all_of_them, VIRTUAL),
    ]
    assert asked(wire) == [question(to, whom) for to, whom in expected]


def test_solicitation_to_a_known_neighbour_is_rfc_4861s_and_its_answer_counts(wire: socket.socket):
    found = neighbour_solicitation(OWN, SIX["own"], SIX["it"], ACTIVE)
    checksum = found[56:58].hex()
    assert found == bytes.fromhex(ASKED6.format(checksum=checksum)) and checksum != "0000"
    sock = HeartbeatSocket(LINK, SIX["own"], SIX["it"], None)
    wire.send(advert(SIX["it"]))
    assert sock.answers(1, False) == 1
    sock.ask()
    assert asked(wire) == [found]
    # From behind a router nobody advertises neighbours.
    wire.send(advert(SIX["it"], hops=64))
    assert sock.answers(1, False) is None


def test_answer_of_a_third_machine_counts_only_after_a_silence_and_as_a_sign_of_life(wire: socket.socket):
    sock = HeartbeatSocket(LINK, SOURCE, ADDRESS, VIRTUAL)
    wire.send(reply(ADDRESS))
    assert sock.answers(1, False) == 1
    wire.send(reply(ADDRESS, THIRD))
    assert sock.answers(1, False) is None and sock.strange == 1
    wire.send(reply(ADDRESS, THIRD))
    assert sock.answers(3, True) == 1
    sock.ask()
    assert asked(wire) == [question(THIRD.hex(), ADDRESS)]


def test_whoever_serves_lives_though_the_address_asked_for_is_gone(wire: socket.socket):
    sock = HeartbeatSocket(LINK, SOURCE, ADDRESS, VIRTUAL)
    wire.send(reply(VIRTUAL))
    assert sock.answers(1, False) is None
    wire.send(reply(VIRTUAL))
    assert sock.answers(2, True) == 0


@pytest.mark.parametrize("length", range(42))
def test_frame_that_is_cut_off_is_no_answer(wire: socket.socket, length: int):
    sock = HeartbeatSocket(LINK, SOURCE, ADDRESS, None)
    wire.send(reply(ADDRESS)[:length])
    assert sock.answers(1, True) is None


def test_flood_of_answers_is_read_a_part_at_a_time(wire: socket.socket):
    sock = HeartbeatSocket(LINK, SOURCE, ADDRESS, None)
    for _ in range(5):
        wire.send(reply(ADDRESS))
    assert sock.answers(1, False) == 1
    for _ in range(20):
        assert sock.answers(1, False) in (None, 1, 2, 3, 4)
    assert sock.answers(1, False) is None


def test_link_that_takes_nothing_is_no_error(wire: socket.socket):
    sock = HeartbeatSocket(LINK, SOURCE, ADDRESS, None)
    wire.close()
    sock.ask()
    sock.ask_everybody()
    assert sock.answers(1, False) is None
