# SPDX-License-Identifier: GPL-2.0-or-later
"""How many answers and failures in a row make a verdict, and what is sent and heard for each."""

import pytest

from haven.agent.tracking import probe_packets as packets
from haven.agent.tracking.check_state import (
    ANSWERED,
    FAILED,
    IMPOSSIBLE,
    RELAPSE_S,
    CheckState,
)
from haven.agent.tracking.script_probe import MOST_WORDS, last_words
from haven.core.checksum import internet_checksum

LETTERS = {"a": ANSWERED, "f": FAILED, "i": IMPOSSIBLE}
HOST = bytes((203, 0, 113, 1))
HOST6 = bytes.fromhex("fe80000000000000020000fffe000001")
MAC = bytes.fromhex("020000000001")
TOKEN = b"0123456789"


def play(state: CheckState, outcomes: str, now: float = 0.0) -> str:
    """Give outcomes by their letters, and return the states after each by theirs."""
    seen = ""
    for letter in outcomes:
        state.take(LETTERS[letter], now)
        seen += state.state[:3] + " "
    return seen.strip()


@pytest.mark.parametrize(
    ("outcomes", "states"),
    [
        ("aaa", "unk unk up"),
        ("ff", "unk dow"),
        # One that is lost now and then is none.
        ("aaafafaf", "unk unk up up up up up up"),
        ("aaaffaafaaa", "unk unk up up dow dow dow dow dow dow up"),
        ("iiaaa", "unk una una una up"),
        ("ffiiffaaa", "unk dow dow una una dow dow dow up"),
        ("fifa", "unk unk unk unk"),
    ],
)
def test_a_verdict_takes_so_many_in_a_row(outcomes: str, states: str):
    assert play(CheckState(3, 2, 0.0), outcomes) == states


def test_who_falls_again_soon_has_to_answer_twice_as_often_and_who_does_not_no_more():
    state = CheckState(1, 1, 0.0)
    needed = []
    for at in range(7):
        state.take(FAILED, at * RELAPSE_S / 2)
        needed.append(state.needed("rise"))
        for _ in range(needed[-1]):
            assert state.state == "down"
            state.take(ANSWERED, at * RELAPSE_S / 2)
        assert state.state == "up"
    assert needed == [1, 2, 4, 8, 16, 16, 16]
    state.take(FAILED, 10 * RELAPSE_S)
    assert state.needed("rise") == 1


def test_an_arp_probe_has_no_sender_address_and_only_its_answer_counts():
    request = packets.arp_request(MAC, HOST)
    assert request == bytes.fromhex("0001080006040001" + MAC.hex() + "00000000" + "00" * 6 + HOST.hex())
    reply = request[:6] + b"\0\2" + bytes(6) + HOST + MAC + bytes(4)
    assert packets.is_arp_reply(reply, MAC, HOST)
    assert not packets.is_arp_reply(request, MAC, HOST)
    assert not packets.is_arp_reply(reply[:27], MAC, HOST)
    assert not packets.is_arp_reply(reply, MAC[::-1], HOST)


def test_an_echo_is_known_by_its_token():
    asked = packets.echo_request(4, TOKEN, 1)
    assert internet_checksum(asked) == 0
    answer = b"\x45" + bytes(19) + b"\0" + asked[1:]
    assert packets.is_echo_reply(4, answer, TOKEN)
    assert not packets.is_echo_reply(4, b"\x45" + bytes(19) + asked, TOKEN)
    assert not packets.is_echo_reply(4, answer, TOKEN[::-1])
    assert not packets.is_echo_reply(4, b"", TOKEN)
    assert packets.is_echo_reply(6, b"\x81" + packets.echo_request(6, TOKEN, 1)[1:], TOKEN)


def test_a_neighbour_is_asked_in_its_own_group():
    assert packets.solicited_node(HOST6) == bytes.fromhex("ff0200000000000000000001ff000001")
    asked = packets.neighbour_solicitation(MAC, HOST6)
    assert len(asked) == 32
    assert packets.is_neighbour_advertisement(b"\x88" + asked[1:], HOST6)
    assert not packets.is_neighbour_advertisement(asked, HOST6)


@pytest.mark.parametrize("code", [0, 2, 3, 5])
def test_every_answer_of_a_name_server_counts(code: int):
    question = packets.dns_question(0x1234, "example.org")
    assert question[12:] == b"\7example\3org\0\0\2\0\1"
    answer = question[:2] + bytes((0x81, 0x80 | code)) + question[4:]
    assert packets.is_dns_answer(answer, 0x1234)
    assert not packets.is_dns_answer(question, 0x1234)
    assert not packets.is_dns_answer(answer, 0x1235)
    assert not packets.is_dns_answer(b"\x12\x34garbage", 0x1234)
    assert packets.dns_question(1, ".")[12:] == b"\0\0\2\0\1"


def test_the_last_words_are_one_line_that_can_be_shown():
    assert last_words("first\nno\tlease \x1b[31m\n\n") == "nolease [31m"
    assert last_words("\n") == ""
    assert len(last_words("x" * 10_000_000)) == MOST_WORDS
