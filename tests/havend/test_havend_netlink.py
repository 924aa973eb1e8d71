# SPDX-License-Identifier: GPL-2.0-or-later
"""The netlink parsers take any octets: what is cut off is left out, and nothing ever raises."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from haven.havend.netlink_messages import (
    InterfaceAddress,
    KernelLink,
    error_of,
    messages,
    parse_address,
    parse_link,
)

BODIES = st.binary(max_size=120)


def attribute(kind: int, value: bytes) -> bytes:
    """Return one attribute with its padding."""
    return struct.pack("@HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def message(kind: int, sequence: int, body: bytes) -> bytes:
    """Return one message."""
    return struct.pack("@IHHII", 16 + len(body), kind, 0, sequence, 0) + body


@given(BODIES)
def test_random_octets_never_raise(octets: bytes) -> None:
    for kind, sequence, body in messages(octets):
        assert isinstance(kind, int) and isinstance(sequence, int) and len(body) <= len(octets) - 16
    assert isinstance(error_of(octets), int)
    link, address = parse_link(octets), parse_address(octets)
    assert link is None or isinstance(link.name, str)
    assert address is None or len(address.address) in (4, 16)


@given(st.lists(st.tuples(st.integers(0, 40), BODIES), max_size=4), st.integers(0, 4))
def test_a_link_with_random_attributes_never_raises(attributes: list[tuple[int, bytes]], cut: int) -> None:
    head = struct.pack("@BxHiII", 0, 1, 7, 0x41, 0)
    body = head + b"".join(attribute(kind, value) for kind, value in attributes)
    link = parse_link(body[: len(body) - cut])
    assert link is None or link.index == 7


@given(st.lists(st.tuples(st.integers(0, 9), BODIES), max_size=4), st.integers(0, 4))
def test_an_address_with_random_attributes_never_raises(
    attributes: list[tuple[int, bytes]], cut: int
) -> None:
    body = struct.pack("@BBBBI", 2, 24, 0, 0, 7) + b"".join(attribute(*each) for each in attributes)
    parse_address(body[: len(body) - cut])


def test_messages_are_taken_apart_and_a_broken_one_ends_it() -> None:
    whole = message(16, 1, b"abc") + b"\0" + message(20, 2, b"defg")
    assert list(messages(whole)) == [(16, 1, b"abc"), (20, 2, b"defg")]
    assert list(messages(whole[:-1])) == [(16, 1, b"abc")]
    assert list(messages(struct.pack("@IHHII", 3, 16, 0, 0, 0))) == []


def test_a_link_is_up_only_when_it_can_carry_packets() -> None:
    name = attribute(3, b"lan\0") + attribute(1, bytes(6))
    for flags, up in ((0x10041, True), (0x10001, False), (0x10040, False), (0x41, False)):
        body = struct.pack("@BxHiII", 0, 1, 7, flags, 0) + name
        assert parse_link(body) == KernelLink(7, "lan", up, bytes(6), True)


def test_a_link_names_its_bridge_and_what_is_below_it_unless_that_is_elsewhere() -> None:
    head = struct.pack("@BxHiII", 0, 1, 7, 0x10041, 0) + attribute(3, b"lan\0") + attribute(1, bytes(6))
    number, elsewhere = struct.pack("@I", 5), attribute(37, struct.pack("@I", 0))
    port, vrf = (attribute(18, attribute(4, kind + b"\0")) for kind in (b"bridge", b"vrf"))
    for more, bridge, lower in (
        (attribute(10, number) + port, 5, 0),
        (attribute(10, number) + vrf, 0, 0),
        (attribute(5, number), 0, 5),
        (attribute(5, number) + elsewhere, 0, 0),
        (attribute(5, b"\5") + attribute(18, b"\5"), 0, 0),
    ):
        assert parse_link(head + more) == KernelLink(7, "lan", True, bytes(6), True, bridge, lower)


def test_a_bridge_port_is_not_a_link() -> None:
    assert parse_link(struct.pack("@BxHiII", 7, 1, 7, 0x41, 0) + attribute(3, b"lan\0")) is None


def test_a_name_that_is_not_text_is_shown_somehow() -> None:
    body = struct.pack("@BxHiII", 0, 1, 7, 0x41, 0) + attribute(3, b"\xff\0")
    link = parse_link(body)
    assert link is not None and link.name == "b'\\xff'"


def test_an_address_is_the_local_one_and_not_usable_while_tentative() -> None:
    head = struct.pack("@BBBBI", 2, 24, 0, 0, 7)
    both = attribute(1, b"\x0a\0\0\2") + attribute(2, b"\x0a\0\0\1")
    assert parse_address(head + both) == InterfaceAddress(7, b"\x0a\0\0\1", True)
    for flag in (0x40, 0x08):
        found = parse_address(head + both + attribute(8, struct.pack("@I", flag)))
        assert found is not None and not found.usable


def test_an_error_is_a_positive_number() -> None:
    assert error_of(struct.pack("@i", -17)) == 17
    assert error_of(struct.pack("@i", 0)) == 0
    assert error_of(b"") != 0
