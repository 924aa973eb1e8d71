# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent's line to havend: events come in, reports and answers go out; nothing waits for it."""

import select
import sys
import time
from collections.abc import Callable
from typing import Any

from haven import VERSION
from haven import light_socket as socket
from haven.agent.loop import Loop, Scope
from haven.contract import control
from haven.contract.problems import problem
from haven.contract.strict_json import read_json
from haven.paths import CONTROL_SOCKET, inside

# havend is starting, or starting again; a connection costs nothing to try.
RETRY_S = 0.1
RECEIVE = 1 << 16
# havend hangs when this much waits; it then learns from a new connection what it has missed.
LONGEST_BACKLOG = 1 << 20


class HavendLink:
    """A connection to havend's control socket that is made again whenever it is lost."""

    def __init__(
        self,
        loop: Loop,
        run_dir: str,
        hear: Callable[[dict[str, Any]], None],
        lost: Callable[[], None] = lambda: None,
    ) -> None:
        self._loop, self._hear, self._lost = loop, hear, lost
        self._path = inside(run_dir, CONTROL_SOCKET)
        self._scope = Scope(loop, run_dir, self._fail)
        self._socket: socket.socket | None = None
        self._received = b""
        self._backlog = bytearray()
        self._older = ""
        # Why havend refused something last.
        self._refusal: Any = None
        self.havend_version = "?"

    def connect(self) -> None:
        """Connect and present ourselves, now or as soon as it can be done."""
        if self._socket is not None:
            return
        try:
            sock = _connected(self._path)
        except OSError:
            # Nobody is there, or no descriptor is left to call with.
            self._loop.at(time.monotonic() + RETRY_S, self.connect)
            return
        self._socket, self._received, self._older = sock, b"", ""
        self._backlog.clear()
        self._scope.watch(sock, self._serve)
        self.say("agent", protocol=control.PROTOCOL, version=VERSION)

    def say(self, command: str, **arguments: Any) -> None:
        """Send one request, whose answer comes with the events; without a connection nobody hears it."""
        self._say(command, arguments)

    def report(self, in_sync: bool, problems: list[dict[str, Any]], account: dict[str, Any]) -> None:
        """Send the report, with what the parts have for the status."""
        self._say("report", {**account, "in_sync": in_sync, "problems": problems})

    def _say(self, command: str, arguments: dict[str, Any]) -> None:
        if self._socket is None:
            return
        self._backlog += control.encode_request(command, arguments)
        if len(self._backlog) > LONGEST_BACKLOG:
            self._lose()
        else:
            self._flush()

    def problems(self) -> list[dict[str, Any]]:
        """Return what is the matter with havend's version."""
        return [problem("havend-older", "havend", version=self._older)] if self._older else []

    def close(self) -> None:
        """Give the connection up."""
        if self._socket is not None:
            self._scope.forget(self._socket)
            self._socket.close()
            self._socket = None

    def _serve(self, events: int) -> None:
        if events & select.EPOLLOUT:
            self._flush()
        if events & select.EPOLLIN and self._socket is not None:
            self._read(self._socket)

    def _flush(self) -> None:
        if self._socket is None:
            return
        try:
            while self._backlog:
                del self._backlog[: self._socket.send(self._backlog)]
        except BlockingIOError:
            pass
        except OSError:
            self._lose()
            return
        self._scope.watch(self._socket, self._serve, writing=bool(self._backlog))

    def _read(self, sock: socket.socket) -> None:
        try:
            octets = sock.recv(RECEIVE)
        except BlockingIOError:
            return
        except OSError:
            octets = b""
        if not octets:
            self._lose()
            return
        *lines, self._received = (self._received + octets).split(b"\n")
        for line in lines:
            message = read_json(line)
            self._look_at_version(message)
            self._look_at_refusal(message)
            self._hear(message)

    def _look_at_version(self, message: dict[str, Any]) -> None:
        result = message.get("result")
        if isinstance(result, dict) and "groups" in result:
            # The first of them did not say.
            old = result.get("protocol", 1) < control.OLDEST_PROTOCOL
            self.havend_version = str(result.get("version", "?"))
            self._older = self.havend_version if old else ""

    def _look_at_refusal(self, message: dict[str, Any]) -> None:
        """Say what havend does not take, and not every second again."""
        if message.get("ok") is False and message.get("error") != self._refusal:
            self._refusal = message.get("error")
            print(f"haven-agent: havend refuses: {self._refusal}", file=sys.stderr, flush=True)

    def _lose(self) -> None:
        self.close()
        self._loop.at(time.monotonic() + RETRY_S, self.connect)
        self._lost()

    def _fail(self, error: BaseException) -> None:
        print(f"haven-agent: havend is not understood: {error!r}", file=sys.stderr, flush=True)
        self.close()
        self._loop.at(time.monotonic() + 1.0, self.connect)


def _connected(path: str) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        sock.connect(path)
    except OSError:
        sock.close()
        raise
    return sock
