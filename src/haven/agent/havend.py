# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent's line to havend: events come in, reports and answers go out."""

import json
import os
import socket
from typing import Any


class Havend:
    """A connection to havend's control socket that is made again whenever it is lost."""

    def __init__(self, run_dir: str) -> None:
        self._path = os.path.join(run_dir, "havend.sock")
        self._socket: socket.socket | None = None
        self._received = b""

    def fileno(self) -> int | None:
        """Return the descriptor to wait for, or None while there is no connection."""
        return None if self._socket is None else self._socket.fileno()

    def connect(self) -> bool:
        """Try to connect and to present ourselves; tell whether that went well."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.connect(self._path)
        except OSError:
            sock.close()
            return False
        self._socket, self._received = sock, b""
        return self.say("agent")

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
