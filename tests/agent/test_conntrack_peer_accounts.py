# SPDX-License-Identifier: GPL-2.0-or-later
"""What the agents tell each other, over the loopback device."""

import json
import socket
from collections.abc import Callable, Iterator

import pytest

from haven.agent.conntrack.peer_accounts import LARGEST, PeerAccounts, parse
from haven.contract.status import PEER_FRESH_MS
from tests.agent.turns import Turns

FIRST, SECOND, STRANGER = "127.0.0.71", "127.0.0.72", "127.0.0.73"
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


def test_a_link_that_is_not_there_is_tried_again(
    turns: Turns, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = make(FIRST, [SECOND], "hvnowhere"), make(SECOND, [FIRST])
    first.exchange(ACCOUNT, turns.clock.now)
    assert first.heard(turns.clock.now) == [{"address": SECOND, "heard_ms": None}] and turns.watched == 0
    monkeypatch.setattr(first, "_device", "lo")
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
        away.setattr(first, "_device", "hvnowhere")
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
