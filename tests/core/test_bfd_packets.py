# SPDX-License-Identifier: GPL-2.0-or-later
"""BFD Control packets: other people's octets, ours, and whatever is to be dropped."""

from haven.core.bfd.control_packet import (
    ADMIN_DOWN,
    DOWN,
    INIT,
    UP,
    BfdError,
    ControlPacket,
    decode,
    encode,
)
from haven.core.bfd.demultiplexer import MOST_STRANGERS, Demultiplexer
from tests.core.bfd_line import OTHER, session
from tests.core.check import raised, vectors

FIELDS = ("state", "mine", "yours", "min_tx_us", "min_rx_us", "multiplier", "diagnostic", "poll", "final")


def up(**changes):
    """Return the octets of a packet that is in order, with changes by their place."""
    octets = bytearray(encode(ControlPacket(UP, 7, 9, 10000, 10000, 3)))
    for place, value in changes.items():
        octets[int(place[1:])] = value
    return bytes(octets)


def refused(octets):
    return raised(BfdError, decode, octets).reason


def test_octets_of_others_are_understood_and_made_again():
    for case in vectors("bfd.json"):
        octets = bytes.fromhex(case["octets"])
        packet = decode(octets)
        assert [getattr(packet, field) for field in FIELDS] == [case[field] for field in FIELDS], case["name"]
        assert packet.min_echo_rx_us == case["min_echo_rx_us"]
        assert encode(packet) == octets


def test_wrong_lengths_are_refused():
    for length in range(24):
        assert refused(up()[:length]) == "length"
    for length in (0, 23, 25, 255):
        assert refused(up(_3=length)) == "length"
    # RFC 9764 fills packets up behind their end.
    assert decode(up() + bytes(1000)) == decode(up())


def test_wrong_versions_are_refused():
    for version in (0, 2, 3, 7):
        assert refused(up(_0=version << 5)) == "version"


def test_what_rfc_5880_wants_to_be_discarded_is_refused():
    assert refused(up(_2=0)) == "multiplier"
    assert refused(up(_1=UP << 6 | 1)) == "multipoint"
    assert refused(up(_1=UP << 6 | 4)) == "auth"
    assert refused(up(_7=0)) == "discriminator"
    for state in (INIT, UP):
        assert refused(encode(ControlPacket(state, 7, 0, 1, 1, 3))) == "discriminator"
    for state in (ADMIN_DOWN, DOWN):
        assert decode(encode(ControlPacket(state, 7, 0, 1, 1, 3))).state == state


def test_numbers_that_do_not_fit_are_refused():
    for numbers in ((1 << 32, 0, 1, 1, 3), (1, -1, 1, 1, 3), (1, 1, 1 << 32, 1, 3), (1, 1, 1, 1, 0)):
        raised(ValueError, encode, ControlPacket(UP, *numbers))


# For whom they are


def demultiplexer(*sessions):
    found = Demultiplexer()
    for each in sessions:
        found.add(each)
    return found


def packet(state=DOWN, yours=0, mine=77):
    return encode(ControlPacket(state, mine, yours, 10000, 10000, 3))


def test_packet_finds_its_session_by_address_and_then_by_discriminator():
    one, two = session(discriminator=5), session(discriminator=6, address=b"\x0a\x00\x00\x09")
    found = demultiplexer(one, two)
    assert found.hear("lan", OTHER, 255, packet(), 0) is one
    assert found.hear("lan", OTHER, 255, packet(UP, yours=5), 0) is one
    assert found.hear("lan", two.spec.address, 255, packet(yours=6), 0) is two


def test_packet_that_is_forged_or_foreign_is_counted_and_reaches_no_session():
    one, two = session(discriminator=5), session(discriminator=6, address=b"\x0a\x00\x00\x09")
    found = demultiplexer(one, two)
    cases = (
        ("ttl", 254, packet()),
        ("length", 255, packet()[:20]),
        ("length", 255, b""),
        ("version", 255, b"\x40" + packet()[1:]),
        ("auth", 255, packet()[:1] + b"\x44" + packet()[2:]),
        ("discriminator", 255, packet(DOWN, yours=1234)),
        # That of the session with somebody else.
        ("discriminator", 255, packet(DOWN, yours=6)),
        ("discriminator", 255, packet(UP, yours=0)),
    )
    for number, (reason, ttl, octets) in enumerate(cases):
        assert found.hear("lan", OTHER, ttl, octets, number) is None
        assert found.drops[("lan", OTHER)].last[reason] == number
    assert sum(found.drops[("lan", OTHER)].counts.values()) == len(cases)
    assert found.hear("wan", OTHER, 255, packet(DOWN, yours=5), 0) is None
    assert one.received == two.received == 0


def test_strangers_are_remembered_up_to_a_bound():
    found = demultiplexer(session())
    for number in range(100):
        assert found.hear("lan", bytes((10, 9, 9, number)), 255, packet(), number) is None
    assert len(found.strangers) == MOST_STRANGERS
