# SPDX-License-Identifier: GPL-2.0-or-later
"""What the agents tell each other, over the loopback device."""

import json
import socket
from collections.abc import Iterator

import pytest

from haven.agent.conntrack.peer_accounts import LARGEST, SILENCE_S, PeerAccounts, parse
from tests.lab.wait import wait_until

FIRST, SECOND, STRANGER = "127.0.0.71", "127.0.0.72", "127.0.0.73"
ACCOUNT = {"node": "two", "state": "active", "in_sync": True, "entries": 7, "limit": 1000}


@pytest.fixture
def port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trying:
        trying.bind((FIRST, 0))
        return int(trying.getsockname()[1])


@pytest.fixture
def pair(port: int) -> Iterator[tuple[PeerAccounts, PeerAccounts]]:
    both = PeerAccounts("lo", FIRST, [SECOND], port), PeerAccounts("lo", SECOND, [FIRST], port)
    yield both
    for each in both:
        each.close()


def wait_heard(first: PeerAccounts, now: float = 100) -> dict:
    """Exchange until the peer is heard, and return what it tells."""

    def heard() -> dict | None:
        first.exchange({}, now)
        (peer,) = first.heard(now)
        return peer if "node" in peer else None

    return wait_until(heard, 10, "the peer is heard")


def test_a_peer_tells_of_its_table(pair: tuple[PeerAccounts, PeerAccounts]) -> None:
    first, second = pair
    assert first.heard(100) == [{"address": SECOND, "heard_ms": None}]
    first.exchange({}, 99)
    second.exchange(ACCOUNT, 99)
    assert wait_heard(first) == {"address": SECOND, "heard_ms": 0, **ACCOUNT}


def test_a_peer_that_is_silent_is_not_quoted(pair: tuple[PeerAccounts, PeerAccounts]) -> None:
    first, second = pair
    first.exchange({}, 99)
    second.exchange(ACCOUNT, 99)
    wait_heard(first, 100)
    assert first.heard(100 + SILENCE_S)[0]["heard_ms"] == SILENCE_S * 1000
    assert first.heard(100.1 + SILENCE_S) == [{"address": SECOND, "heard_ms": None, "node": "two"}]


def test_a_stranger_is_not_heard(pair: tuple[PeerAccounts, PeerAccounts], port: int) -> None:
    first, second = pair
    first.exchange({}, 99)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind((STRANGER, 0))
        stranger.sendto(json.dumps({"haven": 1, "node": "evil"}).encode(), (FIRST, port))
        second.exchange(ACCOUNT, 99)
        assert wait_heard(first)["node"] == "two"
    assert len(first.heard(100)) == 1


def test_a_link_that_is_not_there_is_tried_again(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    first = PeerAccounts("hvnowhere", FIRST, [SECOND], port)
    first.exchange(ACCOUNT, 99)
    assert first.heard(99) == [{"address": SECOND, "heard_ms": None}]
    monkeypatch.setattr(first, "_device", "lo")
    second = PeerAccounts("lo", SECOND, [FIRST], port)
    first.exchange({}, 99)
    second.exchange(ACCOUNT, 99)
    assert wait_heard(first)["entries"] == 7
    first.close()
    second.close()


def test_one_peer_that_cannot_be_reached_keeps_no_other_from_being_heard(port: int) -> None:
    # Broadcasting is not permitted to this socket.
    first = PeerAccounts("lo", FIRST, ["255.255.255.255", SECOND], port)
    second = PeerAccounts("lo", SECOND, [FIRST], port)
    first.exchange(ACCOUNT, 99)
    second.exchange(ACCOUNT, 99)

    def heard() -> bool:
        first.exchange(ACCOUNT, 100)
        return first.heard(100)[1].get("node") == "two"

    wait_until(heard, 10, "the other is heard")
    second.exchange({}, 100)
    assert second.heard(100)[0]["entries"] == 7
    first.close()
    second.close()


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
