# SPDX-License-Identifier: GPL-2.0-or-later
"""What the agents tell each other, over the loopback device."""

import json
import socket
from collections.abc import Callable, Iterator

import pytest

from haven.agent.conntrack import peer_accounts
from haven.agent.conntrack.peer_accounts import LARGEST, MOST_READ, MOST_READ_IN_ALL, PeerAccounts, parse
from haven.agent.conntrack.schedule import SILENCE_S
from haven.contract.freshness import PEER_FRESH_MS
from tests.agent.turns import Turns

FIRST, SECOND, STRANGER, THIRD = "127.0.0.71", "127.0.0.72", "127.0.0.73", "127.0.0.74"
ACCOUNT = {"node": "two", "state": "active", "in_sync": True, "entries": 7, "limit": 1000}
FRESH_S = PEER_FRESH_MS / 1000

Make = Callable[..., PeerAccounts]


@pytest.fixture
def port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trying:
        trying.bind((FIRST, 0))
        return int(trying.getsockname()[1])


@pytest.fixture
def make(port: int, turns: Turns) -> Iterator[Make]:
    """Return what makes the accounts of one router."""
    made: list[PeerAccounts] = []

    def make(address: str, peers: list[str], device: str = "lo") -> PeerAccounts:
        made.append(PeerAccounts(device, address, peers, port, turns.scope))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def pair(make: Make) -> tuple[PeerAccounts, PeerAccounts]:
    return make(FIRST, [SECOND]), make(SECOND, [FIRST])


def exchange(turns: Turns, first: PeerAccounts, second: PeerAccounts) -> None:
    """Let both be there, and the second tell of itself."""
    first.exchange({}, turns.clock.now)
    second.exchange(ACCOUNT, turns.clock.now)


def wait_heard(turns: Turns, first: PeerAccounts, number: int = 0) -> dict:
    """Wait until a peer is heard, and return what it tells; nothing more has to be asked or told for that."""

    def heard() -> dict | None:
        peer = first.heard(turns.clock.now)[number]
        return peer if "node" in peer else None

    return turns.until(heard, "the peer is heard")


def test_a_peer_tells_of_its_table(turns: Turns, pair: tuple[PeerAccounts, PeerAccounts]) -> None:
    first, second = pair
    assert first.heard(turns.clock.now) == [{"address": SECOND, "heard_ms": None}]
    exchange(turns, first, second)
    assert wait_heard(turns, first) == {"address": SECOND, "heard_ms": 0, **ACCOUNT}


def test_a_peer_that_is_silent_is_not_quoted(turns: Turns, pair: tuple[PeerAccounts, PeerAccounts]) -> None:
    first, second = pair
    exchange(turns, first, second)
    wait_heard(turns, first)
    began = turns.clock.now
    assert first.heard(began + FRESH_S - 0.5)[0] == {
        "address": SECOND,
        "heard_ms": PEER_FRESH_MS - 500,
        **ACCOUNT,
    }
    assert first.heard(began + FRESH_S) == [{"address": SECOND, "heard_ms": None, "node": "two"}]
    turns.advance(2 * FRESH_S)
    second.exchange(ACCOUNT, turns.clock.now)
    turns.until(lambda: "state" in first.heard(turns.clock.now)[0], "it is heard again")
    assert first.heard(turns.clock.now)[0]["heard_ms"] == 0


def test_a_stranger_is_not_heard(turns: Turns, pair: tuple[PeerAccounts, PeerAccounts], port: int) -> None:
    first, second = pair
    first.exchange({}, turns.clock.now)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind((STRANGER, 0))
        stranger.sendto(json.dumps({"haven": 1, "node": "evil"}).encode(), (FIRST, port))
        second.exchange(ACCOUNT, turns.clock.now)
        assert wait_heard(turns, first)["node"] == "two"
    assert len(first.heard(turns.clock.now)) == 1


@pytest.mark.parametrize("source", [(STRANGER, True), (SECOND, False)], ids=["address", "port"])
def test_a_flood_of_a_strangers_takes_no_place_from_the_peer(
    turns: Turns, pair: tuple[PeerAccounts, PeerAccounts], port: int, source: tuple[str, bool]
) -> None:
    first, second = pair
    first.exchange({}, turns.clock.now)
    address, from_its_port = source
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind((address, port if from_its_port else 0))
        for _ in range(1000):
            stranger.sendto(b"rubbish", (FIRST, port))
        second.exchange(ACCOUNT, turns.clock.now)
        assert wait_heard(turns, first)["node"] == "two"


def test_each_of_several_peers_is_heard(turns: Turns, make: Make) -> None:
    first, second, third = make(FIRST, [SECOND, THIRD]), make(SECOND, [FIRST]), make(THIRD, [FIRST])
    for told, node in ((first, "one"), (second, "two"), (third, "three")):
        told.exchange({**ACCOUNT, "node": node}, turns.clock.now)
    assert (wait_heard(turns, first)["node"], wait_heard(turns, first, 1)["node"]) == ("two", "three")


def test_a_flood_with_the_peers_address_takes_a_bounded_part_of_a_turn_and_of_a_second(
    turns: Turns, pair: tuple[PeerAccounts, PeerAccounts], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = pair
    exchange(turns, first, second)
    wait_heard(turns, first)
    read: list[bytes] = []
    monkeypatch.setattr(peer_accounts, "parse", lambda octets: read.append(octets))
    for count in range(MOST_READ_IN_ALL + 10):
        second._lines[0].tell(b"%d" % count)
        if count % 100 == 0 and count < MOST_READ_IN_ALL - MOST_READ:
            # What its receive buffer holds is less than the whole.
            turns.until(lambda count=count: len(read) > count, "the first are read")
    before = len(read)
    turns.turn()
    assert 0 < len(read) - before <= MOST_READ
    for _ in range(10):
        turns.turn()
    assert len(read) < MOST_READ_IN_ALL and turns.watched == 1
    first.exchange({}, turns.clock.now)
    turns.until(lambda: len(read) >= MOST_READ_IN_ALL, "it reads on")


def test_an_agent_is_missed_when_it_has_had_the_time_to_say_something(
    turns: Turns, pair: tuple[PeerAccounts, PeerAccounts]
) -> None:
    first, second = pair
    assert not first.is_silent(turns.clock.now)
    exchange(turns, first, second)
    wait_heard(turns, first)
    late = turns.clock.now + SILENCE_S
    assert first.hears_any(late) and not first.hears_any(late + 0.1)
    assert first.is_silent(late + 0.1) and not first.is_silent(late)


def test_a_link_that_is_not_there_is_tried_again(
    turns: Turns, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = make(FIRST, [SECOND], "hvnowhere"), make(SECOND, [FIRST])
    first.exchange(ACCOUNT, turns.clock.now)
    assert first.heard(turns.clock.now) == [{"address": SECOND, "heard_ms": None}] and turns.watched == 0
    monkeypatch.setattr(first._lines[0], "_device", "lo")
    exchange(turns, first, second)
    assert wait_heard(turns, first)["entries"] == 7


def test_one_whose_link_goes_away_is_heard_again_when_it_is_back(
    turns: Turns, pair: tuple[PeerAccounts, PeerAccounts], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = pair
    exchange(turns, first, second)
    wait_heard(turns, first)
    turns.advance(2 * FRESH_S)
    with monkeypatch.context() as away:
        away.setattr(first._lines[0], "_device", "hvnowhere")
        first.exchange({}, turns.clock.now)
        assert turns.watched == 1
    exchange(turns, first, second)
    turns.until(lambda: "state" in first.heard(turns.clock.now)[0], "it is heard again")


def test_one_peer_that_cannot_be_reached_keeps_no_other_from_being_heard(turns: Turns, make: Make) -> None:
    # Broadcasting is not permitted to this socket.
    first, second = make(FIRST, ["255.255.255.255", SECOND]), make(SECOND, [FIRST])
    exchange(turns, first, second)
    assert wait_heard(turns, first, 1)["node"] == "two"
    first.exchange(ACCOUNT, turns.clock.now)
    assert wait_heard(turns, second)["entries"] == 7


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\xff\x00",
        b"[]",
        b"7",
        b"null",
        b'"haven"',
        b'{"haven": 2}',
        b"{}",
        b"{" * LARGEST,
        b"[" * LARGEST,
    ],
)
def test_what_no_agent_says_is_not_taken(octets: bytes) -> None:
    assert parse(octets) is None


def test_what_is_of_another_kind_is_left_out() -> None:
    told = {
        "haven": 1,
        "node": 7,
        "state": ["active"],
        "entries": True,
        "limit": "5",
        "in_sync": 1,
        "more": {},
    }
    assert parse(json.dumps(told).encode()) == {}
    assert parse(json.dumps({"haven": 1, **ACCOUNT}).encode()) == ACCOUNT


@pytest.mark.parametrize(
    "told",
    [
        {"entries": 1 << 32},
        {"entries": -1},
        {"limit": int("9" * 30)},
        {"node": "\x1b[2J"},
        {"node": "n" * 65},
        {"state": "a\nb"},
    ],
)
def test_what_could_not_be_so_is_left_out(told: dict) -> None:
    assert parse(json.dumps({"haven": 1, **told}).encode()) == {}
