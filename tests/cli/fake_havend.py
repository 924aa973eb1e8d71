# SPDX-License-Identifier: GPL-2.0-or-later
"""A havend of a thread and a socket, which answers what it is told to."""

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from haven.contract import control
from haven.contract.control import Refusal

Answer = Callable[[dict], object]


class FakeHavend:
    """Answers each command with a document, raw octets, or what a function of the request returns.

    An answer of None leaves the request without any; octets are sent as they are and end the connection;
    an iterator of octets is sent drop by drop.
    """

    def __init__(self, run_dir: Path, **answers: object) -> None:
        self.run_dir = run_dir
        self.run_dir.mkdir(parents=True, exist_ok=True)
        self.answers = answers
        self.requests: list[dict] = []
        self._lines: list[socket.socket] = []
        self._followers: list[socket.socket] = []
        self._heard = threading.Condition()
        self.path = run_dir / "havend.sock"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def asked(self) -> list[str]:
        """Return the commands so far."""
        return [request["command"] for request in self.requests]

    def wait_follower(self, budget: float = 60) -> None:
        """Wait until somebody follows the events."""
        with self._heard:
            assert self._heard.wait_for(lambda: self._followers, budget), "nobody follows"

    def tell(self, line: bytes) -> None:
        """Send a line to everybody who follows."""
        for each in self._followers:
            each.sendall(line)

    def close(self) -> None:
        """Hang up on everybody and take the socket away."""
        self.path.unlink(missing_ok=True)
        # close() alone does not wake a thread in accept().
        _hang_up(self._listener)
        for line in self._lines:
            _hang_up(line)

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            self._lines.append(line)
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        try:
            with line.makefile("rb") as requests:
                for text in requests:
                    self._answer(line, json.loads(text))
        except (OSError, ValueError):
            return

    def _answer(self, line: socket.socket, request: dict) -> None:
        self.requests.append(request)
        answer = self.answers.get(request["command"])
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, Iterator):
            for octets in answer:
                line.sendall(octets)
        elif isinstance(answer, bytes):
            line.sendall(answer)
            _hang_up(line)
        elif isinstance(answer, Refusal):
            _reply(line, control.refused(answer))
        elif isinstance(answer, Exception):
            # As havend of the first release refused.
            _reply(line, {"ok": False, "error": str(answer)})
        elif answer is not None:
            _reply(line, {"ok": True, "result": answer})
        if request.get("follow"):
            with self._heard:
                self._followers.append(line)
                self._heard.notify_all()


def _reply(line: socket.socket, document: dict) -> None:
    line.sendall(json.dumps(document).encode() + b"\n")


def _hang_up(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
    line.close()
