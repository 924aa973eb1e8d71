# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent's own socket: what the command and LuCI ask of it, a line of JSON in and a line out."""

import os
import sys
from collections.abc import Callable
from typing import Any

from haven import light_socket as socket
from haven.agent.loop import Scope
from haven.agent.served_connection import ServedConnection
from haven.contract.agent_requests import REQUESTS
from haven.contract.control import LONGEST_REQUEST, Refusal, encode, read_request, refused
from haven.contract.pairing import PairingRefusal
from haven.contract.problems import problem
from haven.failure_reason import reason_of
from haven.light import suppress
from haven.paths import AGENT_SOCKET, inside
from haven.spare_descriptor import accept_from

BACKLOG = 16
MOST_VISITORS = 16
RECEIVE = 1 << 16
# Until the run directory can be written again.
RETRY_S = 5.0

Reply = Callable[[dict[str, Any]], None]
Ask = Callable[[dict[str, Any], Reply], None]


class Door:
    """Listens, and lets each visitor ask one thing after the other."""

    def __init__(self, scope: Scope, run_dir: str, ask: Ask) -> None:
        self._scope, self._ask = scope, ask
        self._run_dir, self._path = run_dir, inside(run_dir, AGENT_SOCKET)
        self._visitors: list[_Visitor] = []
        self._socket: socket.socket | None = None
        self._failure = ""
        self._listen()

    def _listen(self) -> None:
        try:
            sock = _listener(self._path)
        except OSError as why:
            self._note_failure(reason_of(why))
            self._scope.after(RETRY_S, self._listen)
            return
        self._socket, self._failure = sock, ""
        self._scope.watch(sock, lambda _events: self._open(sock))

    def _note_failure(self, text: str) -> None:
        if text != self._failure:
            print(f"haven-agent: no command is heard at {self._path}: {text}", file=sys.stderr, flush=True)
        self._failure = text

    def _open(self, listening: socket.socket) -> None:
        found = accept_from(listening)
        if found is None:
            return
        self._visitors = [each for each in self._visitors if not each.is_gone]
        if len(self._visitors) >= MOST_VISITORS:
            self._visitors.pop(0).leave()
        self._visitors.append(_Visitor(self._scope, found[0], self._ask))

    def problems(self) -> list[dict[str, Any]]:
        """Return why nobody can come."""
        if not self._failure:
            return []
        return [problem("agent-unserved", "haven-agent", path=self._run_dir, error=self._failure)]

    def close(self) -> None:
        """Let nobody in any more."""
        for visitor in self._visitors:
            visitor.leave()
        if self._socket is not None:
            self._socket.close()
        with suppress(OSError):
            os.unlink(self._path)


def _listener(path: str) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        with suppress(FileNotFoundError):
            os.unlink(path)
        # Root's alone, before anybody can knock.
        os.fchmod(sock.fileno(), 0o600)
        sock.bind(path)
        os.chmod(path, 0o600)
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock


class _Visitor(ServedConnection):
    """Somebody who asks; one question at a time."""

    def __init__(self, scope: Scope, sock: socket.socket, ask: Ask) -> None:
        super().__init__(scope, sock)
        self._ask = ask
        self._received = b""
        self._unsent = bytearray()

    def _read(self) -> None:
        octets = self._socket.recv(RECEIVE)
        self._received += octets
        if not octets or len(self._received) > LONGEST_REQUEST:
            self.leave()
            return
        *lines, self._received = self._received.split(b"\n")
        for line in lines:
            self._answer(line)

    def _answer(self, line: bytes) -> None:
        try:
            self._ask(read_request(line, REQUESTS), self._reply)
        except (Refusal, PairingRefusal) as why:
            self._reply(refused(why))

    def _reply(self, document: dict[str, Any]) -> None:
        if self.is_gone:
            return
        self._unsent += encode(document)
        try:
            self._send()
        except BlockingIOError:
            self._scope.watch(self._socket, self._serve, writing=True)
        except OSError:
            self.leave()

    def _send(self) -> None:
        while self._unsent:
            del self._unsent[: self._socket.send(self._unsent)]
        self._scope.watch(self._socket, self._serve)
