# SPDX-License-Identifier: GPL-2.0-or-later
"""Which Backups greet, what is made of a greeting, and which greetings are nobody's."""

import socket
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from haven.core.clock import SECOND
from haven.core.witness_frames import greeted_priority, greeting, standby_greeting
from haven.havend import standbys
from haven.havend.netlink_messages import KernelLink
from haven.havend.standbys import Standbys
from tests.core.wire import octets_of, router

MAC = bytes.fromhex("020000000002")
OWN, ACTIVE, OTHER = (octets_of("192.168.51.%d" % host) for host in (2, 1, 3))
LINK = KernelLink(1, "lan", True, MAC, True)


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Give the other end of the socket that is opened on the link."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    for each in (ours, theirs):
        each.setblocking(False)
    monkeypatch.setattr(standbys.system, "open_frames", lambda *_: theirs)
    yield ours
    ours.close()
    theirs.close()


def member(priority: int = 100) -> SimpleNamespace:
    return SimpleNamespace(
        spec=router(device="lan"), source=OWN, priority=priority, active_source=ACTIVE, shown=int
    )


def listening() -> tuple[Standbys, SimpleNamespace]:
    found, own = Standbys(SimpleNamespace(link={"lan": LINK}.get)), member()
    found.look([own], 0)
    return found, own


def hello(own: SimpleNamespace, source: bytes, priority: int, vrid: int | None = None) -> bytes:
    return standby_greeting(MAC, 4, own.spec.vrid if vrid is None else vrid, source, priority)


def test_backup_greets_now_and_then_and_says_its_priority(wire: socket.socket):
    found, own = listening()
    assert greeted_priority(wire.recv(2048)) == (4, own.spec.vrid, OWN, 100)
    # Not everybody listens yet.
    for second in range(1, 5):
        found.look([own], second * SECOND)
        assert wire.recv(2048)
    found.look([own], 13 * SECOND)
    with pytest.raises(BlockingIOError):
        wire.recv(2048)
    found.look([own], 14 * SECOND)
    assert wire.recv(2048)


def test_a_backup_that_follows_another_active_greets_at_once(wire: socket.socket):
    found, own = listening()
    for second in range(5):
        found.look([own], second * SECOND)
        wire.recv(2048)
    own.active_source = OTHER
    found.look([own], 6 * SECOND)
    assert greeted_priority(wire.recv(2048)) == (4, own.spec.vrid, OWN, 100)


@pytest.mark.parametrize(
    "source, priority, outranked",
    [(OTHER, 99, False), (OTHER, 101, True), (OTHER, 100, True), (octets_of("192.168.51.1"), 254, False)],
    ids=["lower", "higher", "equal, higher address", "of the Active itself"],
)
def test_who_comes_first_is_decided_as_in_an_election(
    wire: socket.socket, source: bytes, priority: int, outranked: bool
):
    found, own = listening()
    wire.send(hello(own, source, priority))
    found.look([own], SECOND)
    assert found.outranks(own, SECOND) == outranked


def test_backup_that_is_silent_comes_first_no_more(wire: socket.socket):
    found, own = listening()
    wire.send(hello(own, OTHER, 200))
    found.look([own], SECOND)
    assert found.outranks(own, 30 * SECOND) and not found.outranks(own, 40 * SECOND)


def test_who_was_heard_once_takes_nobodys_place_for_ever(wire: socket.socket):
    found, own = listening()
    for host in range(100, 100 + standbys.MOST_KNOWN):
        wire.send(hello(own, octets_of("192.168.51.%d" % host), 50))
    found.look([own], SECOND)
    found.look([own], 60 * SECOND)
    wire.send(hello(own, OTHER, 200))
    found.look([own], 61 * SECOND)
    assert found.outranks(own, 61 * SECOND)


def test_greeting_of_others_or_without_a_priority_is_nothing(wire: socket.socket):
    found, own = listening()
    frames = [hello(own, OTHER, 200, own.spec.vrid + 1), greeting(MAC, 4, own.spec.vrid, OTHER) + bytes(30)]
    frames += [hello(own, OTHER, 200)[:length] for length in range(27)]
    for frame in frames:
        wire.send(frame)
    found.look([own], SECOND)
    assert not found.outranks(own, SECOND)


def test_flood_of_greetings_is_read_a_part_at_a_time_and_kept_within_bounds(wire: socket.socket):
    found, own = listening()
    for number in range(9):
        for host in range(8):
            wire.send(hello(own, octets_of("192.168.%d.%d" % (number, host + 1)), 50))
        found.look([own], SECOND)
    assert len(found._heard[own.spec.wire()]) <= standbys.MOST_KNOWN
    assert not found.outranks(own, SECOND)
