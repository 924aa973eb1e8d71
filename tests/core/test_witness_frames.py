# SPDX-License-Identifier: GPL-2.0-or-later
"""The octets by which witnesses are asked and routers greet: written by hand from the RFCs, and read back."""

from haven.core.witness_frames import (
    advertised_address,
    arp_answer,
    arp_request,
    echo_request,
    greeted,
    greeting,
    is_echo_reply,
    neighbour_solicitation,
)

MAC, OTHER = bytes.fromhex("020000000101"), bytes.fromhex("020000000202")
OWN, ASKED = bytes([10, 0, 0, 2]), bytes([10, 0, 0, 9])
OWN6 = bytes.fromhex("fe80000000000000000000000000a0b0")
ASKED6 = bytes.fromhex("fe800000000000000000000000c0d0e0")
# RFC 826: Ethernet, IPv4, lengths, the operation, who sends, whom it is about.
REQUEST = "ffffffffffff 020000000101 0806 0001 0800 06 04 0001 020000000101 0a000002 000000000000 0a000009"
REPLY = "020000000101 020000000202 0806 0001 0800 06 04 0002 020000000202 0a000009 020000000101 0a000002"


def octets(text):
    """Return the octets of a text in hexadecimal, with blanks in it, which MicroPython 1.23 does not skip."""
    return bytes.fromhex(text.replace(" ", ""))


def test_arp_asks_everybody_or_the_one_that_has_answered():
    assert arp_request(MAC, OWN, ASKED) == octets(REQUEST)
    assert arp_request(MAC, OWN, ASKED, OTHER) == OTHER + octets(REQUEST)[6:]


def test_an_answer_tells_the_address_and_whose_it_is():
    reply = octets(REPLY)
    assert arp_answer(reply + bytes(18)) == (ASKED, OTHER)
    assert arp_answer(octets(REQUEST)) is None
    assert [arp_answer(reply[:length]) for length in range(42)] == [None] * 42
    assert arp_answer(reply[:14] + b"\0\6" + reply[16:]) is None


def test_a_solicitation_goes_to_the_group_of_the_address():
    frame = neighbour_solicitation(MAC, OWN6, ASKED6)
    head = octets("3333ffc0d0e0020000000101 86dd 60000000 0020 3a ff")
    group = bytes.fromhex("ff0200000000000000000001ffc0d0e0")
    assert frame[:22] == head and frame[22:54] == OWN6 + group
    assert frame[54:56] == b"\x87\0" and frame[58:62] == bytes(4)
    assert frame[62:] == ASKED6 + b"\x01\x01" + MAC
    # RFC 4443 2.3: with its checksum the sum over everything is all ones.
    pseudo = OWN6 + group + (32).to_bytes(4, "big") + b"\0\0\0\x3a" + frame[54:]
    total = sum(int.from_bytes(pseudo[at : at + 2], "big") for at in range(0, len(pseudo), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    assert total == 0xFFFF


def test_an_advertisement_counts_from_the_link_alone():
    message = b"\x88\0\0\0\x60\0\0\0" + ASKED6
    assert advertised_address(message, 255) == ASKED6
    assert advertised_address(message, 254) is None
    assert advertised_address(b"\x87" + message[1:], 255) is None
    assert advertised_address(message[:23], 255) is None


def test_an_echo_is_known_by_its_mark():
    mark = b"mark"
    assert echo_request(4, mark)[:2] == b"\x08\0" and echo_request(6, mark)[:4] == b"\x80\0\0\0"
    assert is_echo_reply(4, b"\0\0\0\0" + mark, mark) and is_echo_reply(6, b"\x81\0\0\0" + mark, mark)
    assert not is_echo_reply(4, echo_request(4, mark), mark)
    assert not is_echo_reply(4, b"\0\0\0\0else", mark) and not is_echo_reply(4, b"\0" * 7, mark)


def test_a_greeting_is_read_as_it_was_said():
    for family, source in ((4, OWN), (6, OWN6)):
        frame = greeting(MAC, family, 51, source)
        assert frame[:14] == b"\xff" * 6 + MAC + b"\x88\xb5"
        assert greeted(frame) == greeted(frame + bytes(30)) == (family, 51, source)
        assert [greeted(frame[:length]) for length in range(len(frame))] == [None] * len(frame)
    odd = greeting(MAC, 5, 51, OWN)
    assert greeted(odd) is None and greeted(b"\0" * 60) is None
