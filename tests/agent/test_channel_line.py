# SPDX-License-Identifier: GPL-2.0-or-later
"""The line to a peer, where somebody else on the way has a hand in it."""

import select
import socket
import struct
from pathlib import Path
from typing import Any

import pytest

from haven import VERSION
from haven.agent.channel.line import Line
from haven.contract.channel import OLDEST_PROTOCOL, PROTOCOL
from haven.peers.identity import ensure
from haven.peers.store import Peer
from tests.agent.turns import Turns

# Closing says RST.
NO_LINGER = struct.pack("ii", 1, 0)
HELLO = {
    "kind": "hello",
    "node": "r2",
    "addresses": [],
    "protocol": PROTOCOL,
    "oldest": OLDEST_PROTOCOL,
    "version": VERSION,
}


class Connected:
    """A session whose messages go nowhere."""

    owner: Any = None
    heard_at = 0.0

    def send(self, _kind: str, **_fields: Any) -> None:
        """Take a message."""

    def keep(self) -> None:
        """Go on."""

    def close(self, why: str) -> None:
        """End as the real one does."""
        self.owner.session_ended(self, why)


@pytest.fixture
def line(tmp_path: Path, turns: Turns) -> Line:
    peer = Peer("r2", ensure(str(tmp_path / "r2")).pem, [])
    return Line(turns.scope, ensure(str(tmp_path / "r1")), peer, lambda _line, _message: None)


def connect(line: Line) -> Any:
    session: Any = Connected()
    line.adopt(session, "192.0.2.2")
    line.session_heard(session, HELLO)
    assert line.is_open
    return session


def test_what_was_asked_over_a_connection_that_is_replaced_is_answered_at_once(line: Line) -> None:
    connect(line)
    answers: list[Any] = []
    line.ask({"command": "status"}, 60.0, answers.append)
    assert answers == []
    renewed = connect(line)
    assert answers == [None]
    # An answer that comes over the new one is nobody's any more.
    line.session_heard(renewed, {"kind": "answer", "id": 1, "answer": {"ok": True}})
    assert answers == [None]
    line.close()


def test_what_was_asked_of_a_peer_that_is_parted_from_is_answered_at_once(line: Line) -> None:
    connect(line)
    answers: list[Any] = []
    line.ask({"command": "status"}, 60.0, answers.append)
    line.close()
    assert answers == [None]


def test_a_connection_that_is_reset_as_soon_as_it_is_there_is_tried_again(line: Line) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        mine = socket.create_connection(listening.getsockname())
        theirs, _place = listening.accept()
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        theirs.close()
        # A word of an error is told to whoever asks for nothing, too.
        reset = select.poll()
        reset.register(mine, 0)
        assert reset.poll(60_000)
        line._reached(mine)
    assert mine.fileno() == -1 and "reset" in line.trouble and not line.is_open
    line.close()
