# SPDX-License-Identifier: GPL-2.0-or-later
"""havend's end of the agent's line, in the hands of a test."""

import json
import select
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from haven.contract.control import PROTOCOL

BUDGET_S = 30.0


class AgentLine:
    """A connection that the agent has made."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._socket.settimeout(BUDGET_S)
        self._received = b""
        # How it has presented itself.
        self.greeting = self.next_of("agent")

    def next(self) -> dict[str, Any]:
        """Wait for the next request."""
        while b"\n" not in self._received:
            octets = self._socket.recv(1 << 16)
            assert octets, "the agent has hung up"
            self._received += octets
        line, _newline, self._received = self._received.partition(b"\n")
        found = json.loads(line)
        assert isinstance(found, dict)
        return found

    def next_of(self, command: str) -> dict[str, Any]:
        """Wait for the next request of a kind."""
        return self.until(lambda request: request["command"] == command, command)

    def report(self, condition: Callable[[dict[str, Any]], object] = lambda report: True) -> dict[str, Any]:
        """Wait for a report of which something is true."""
        return self.until(lambda said: said["command"] == "report" and condition(said), "a report")

    def until(self, condition: Callable[[dict[str, Any]], object], what: str) -> dict[str, Any]:
        """Wait for a request of which something is true."""
        deadline, last = time.monotonic() + BUDGET_S, {}
        while time.monotonic() < deadline:
            last = self.next()
            if condition(last):
                return last
        raise TimeoutError(f"{what}: not within {BUDGET_S:g} s; the last was {last}")

    def is_quiet(self) -> bool:
        """Tell whether nothing has come that was not read."""
        return not self._received and not select.select([self._socket], [], [], 0)[0]

    def send(self, document: object) -> None:
        """Send one line."""
        self.send_octets(json.dumps(document).encode() + b"\n")

    def send_octets(self, octets: bytes) -> None:
        """Send anything."""
        self._socket.sendall(octets)

    def answer(self, groups: dict[str, str], **about: Any) -> None:
        """Answer how it has presented itself; without more as a havend of this version does."""
        more = about or {"protocol": PROTOCOL, "version": "1"}
        self.send({"ok": True, "result": {"groups": groups, **more}})

    def transition(self, group: str, before: str, after: str) -> None:
        """Tell of a change of state."""
        event = {"kind": "transition", "group": group, "from": before, "to": after, "reason": "silence"}
        self.send({"event": {**event, "at": time.time()}})

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


class StandInHavend:
    """Where havend listens; for `with`."""

    def __init__(self, run_dir: Path) -> None:
        self._path = run_dir / "havend.sock"
        self._listener: socket.socket | None = None
        self._lines: list[AgentLine] = []

    def __enter__(self) -> "StandInHavend":
        return self.start()

    def __exit__(self, *_why: object) -> None:
        self.close()

    def start(self) -> "StandInHavend":
        """Listen, for the first time or again."""
        self._path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._path))
        self._listener.listen()
        self._listener.settimeout(BUDGET_S)
        return self

    def accept_octets(self) -> socket.socket:
        """Wait for a connection."""
        assert self._listener is not None
        return self._listener.accept()[0]

    def accept(self) -> AgentLine:
        """Wait until the agent connects and presents itself."""
        self._lines.append(AgentLine(self.accept_octets()))
        return self._lines[-1]

    def close(self) -> None:
        """Hang up, and listen no more; the socket stays, as that of one that was killed does."""
        for line in self._lines:
            line.close()
        self._lines.clear()
        if self._listener is not None:
            self._listener.close()
            self._listener = None
