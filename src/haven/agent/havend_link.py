# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent's line to havend: events come in, reports and answers go out."""

import json
import os
import socket
from typing import Any

# havend is starting, or starting again; a connection costs nothing to try.
RETRY_S = 0.1


class HavendLink:
    """A connection to havend's control socket that is made again whenever it is lost."""

    def __init__(self, run_dir: str) -> None:
        self._path = os.path.join(run_dir, "havend.sock")
        self._socket: socket.socket | None = None
        self._received = b""
        self._connect_at = 0.0

    def fileno(self) -> int | None:
        """Return the descriptor to wait for, or None while there is no connection."""
        return None if self._socket is None else self._socket.fileno()

    def next_deadline(self) -> float | None:
        """Return when to try to connect again, or None while there is a connection."""
        return self._connect_at if self._socket is None else None

    def keep_connected(self, now: float) -> None:
        """Connect and present ourselves, where there is no connection and it is time to try."""
        if self._socket is not None or now < self._connect_at:
            return
        self._connect_at = now + RETRY_S
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.connect(self._path)
        except OSError:
            sock.close()
            return
        self._socket, self._received = sock, b""
        self.say("agent")

    def say(self, command: str, **arguments: Any) -> bool:
        """Send one request; its answer comes with the events."""
        if self._socket is None:
            return False
        try:
            self._socket.sendall(json.dumps({"command": command, **arguments}).encode() + b"\n")
        except OSError:
            self.close()
            return False
        return True

    def read(self) -> list[dict[str, Any]]:
        """Return what has come: answers, events, and wishes to prepare."""
        if self._socket is None:
            return []
        try:
            octets = self._socket.recv(1 << 16, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return []
        except OSError:
            octets = b""
        if not octets:
            self.close()
            return []
        *lines, self._received = (self._received + octets).split(b"\n")
        return [json.loads(line) for line in lines]

    def close(self) -> None:
        """Give the connection up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
