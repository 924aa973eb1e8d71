# SPDX-License-Identifier: GPL-2.0-or-later
"""Ask the living havend over its control socket."""

import socket
import time

from haven import paths
from haven.cli.errors import RequestRefused, Unanswered
from haven.contract import control
from haven.contract.control import Refusal
from haven.contract.strict_json import read_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Any

PATIENCE_S = control.ANSWER_PATIENCE_S
RECEIVE = 1 << 16


class ControlConnection:
    """A connection to havend, for `with`."""

    name, requests = paths.CONTROL_SOCKET, control.REQUESTS

    def __init__(self, run_dir: str) -> None:
        self._received = b""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(PATIENCE_S)
        try:
            self._socket.connect(paths.inside(run_dir, self.name))
        except OSError as why:
            self._socket.close()
            raise Unanswered(_refusal(why, run_dir)) from None

    def __enter__(self) -> "ControlConnection":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        self._socket.close()

    def ask(self, command: str, patience: float | None = None, **arguments: "Any") -> "Any":
        """Return havend's result for one command. Raises Unanswered or RequestRefused."""
        try:
            self._socket.settimeout(PATIENCE_S)
            self._socket.sendall(control.encode_request(command, arguments, self.requests))
        except TimeoutError:
            raise Unanswered(Refusal("silent")) from None
        except OSError:
            # It may have said why before it hung up.
            pass
        return _result(self._next_line(PATIENCE_S if patience is None else patience))

    def order(self, command: str, **arguments: "Any") -> "Any":
        """Ask for what takes as long as a handover, of a havend that is known to answer."""
        self.ask("status")
        return self.ask(command, control.HANDOVER_PATIENCE_S, **arguments)

    def follow(self) -> "Iterator[list[dict[str, Any]]]":
        """Yield the events so far, then each as it happens, until havend ends."""
        yield self.ask("events", follow=True)
        while True:
            line = self._next_line(None)
            try:
                yield [read_json(line)["event"]]
            except (ValueError, KeyError, TypeError):
                raise Unanswered(Refusal("unintelligible")) from None

    def _next_line(self, patience: float | None) -> bytes:
        deadline = None if patience is None else time.monotonic() + patience
        while b"\n" not in self._received:
            octets = self._receive(deadline)
            if not octets:
                raise Unanswered(Refusal("hung-up"))
            self._received += octets
        line, _, self._received = self._received.partition(b"\n")
        return line

    def _receive(self, deadline: float | None) -> bytes:
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            raise Unanswered(Refusal("silent"))
        try:
            self._socket.settimeout(left)
            return self._socket.recv(RECEIVE)
        except TimeoutError:
            raise Unanswered(Refusal("silent")) from None
        except OSError:
            return b""


def _refusal(why: OSError, run_dir: str) -> Refusal:
    if isinstance(why, (FileNotFoundError, ConnectionRefusedError, NotADirectoryError)):
        return Refusal("not-running")
    if isinstance(why, PermissionError):
        return Refusal("not-root")
    if isinstance(why, (BlockingIOError, TimeoutError)):
        return Refusal("silent")
    return Refusal("unreachable", run_dir=run_dir, error=str(why.strerror or why))


def _result(line: bytes) -> "Any":
    try:
        return control.read_answer(line)
    except Refusal as why:
        raise (Unanswered if why.code == "unintelligible" else RequestRefused)(why) from None


def ask(run_dir: str, command: str, **arguments: "Any") -> "Any":
    """Ask one thing over a connection of its own. Raises Unanswered or RequestRefused."""
    with ControlConnection(run_dir) as havend:
        return havend.ask(command, **arguments)
