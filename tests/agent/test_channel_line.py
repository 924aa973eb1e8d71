# SPDX-License-Identifier: GPL-2.0-or-later
"""The line to a peer, where somebody else on the way has a hand in it."""

import socket
import struct
import time
from pathlib import Path

from haven.agent.channel.line import Line
from haven.peers.identity import ensure
from haven.peers.store import Peer
from tests.agent.turns import Turns

# Closing says RST.
NO_LINGER = struct.pack("ii", 1, 0)


def test_a_connection_that_is_reset_as_soon_as_it_is_there_is_tried_again(
    tmp_path: Path, turns: Turns
) -> None:
    peer = Peer("r2", ensure(str(tmp_path / "r2")).pem, [])
    line = Line(turns.scope, ensure(str(tmp_path / "r1")), peer, lambda _line, _message: None)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        mine = socket.create_connection(listening.getsockname())
        theirs, _place = listening.accept()
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        theirs.close()
        time.sleep(0.01)
        line._reached(mine)
    assert mine.fileno() == -1 and "reset" in line.trouble and not line.is_open
    line.close()
