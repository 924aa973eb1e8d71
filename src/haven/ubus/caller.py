# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls on ubus for a program with a loop: nothing waits, each call is a connection of its own."""

import os
import select
from collections.abc import Callable
from typing import Any, Protocol

from haven import light_socket as socket
from haven.ubus.codec import (
    DATA,
    HELLO,
    INVOKE,
    LOOKUP,
    STATUS,
    Table,
    UbusFrame,
    UbusMalformed,
    decode_table,
    encode_table,
    next_frame,
)
from haven.ubus.server import NOT_FOUND, OK, SOCKETS, Registry

RECEIVE = 1 << 16
LIMIT_S = 10.0


class CallingScope(Registry, Protocol):
    """A loop that what belongs to one call can be registered with, and closed."""

    def inner(self) -> Any:
        """Return a scope within this one."""


class UbusFailure:
    """Why a call has no answer; `is_absent` when nobody has that object."""

    def __init__(self, text: str, is_absent: bool = False) -> None:
        self.text = text
        self.is_absent = is_absent

    def __str__(self) -> str:
        return self.text


Done = Callable[["Table | UbusFailure"], None]


def call(scope: CallingScope, path: str, method: str, arguments: Table, done: Done) -> None:
    """Call a method; `done` gets its answer, an empty table where it says nothing, or a UbusFailure."""
    _Call(scope, path, method, arguments, done).begin()


class _Call:
    def __init__(self, scope: CallingScope, path: str, method: str, arguments: Table, done: Done) -> None:
        self._scope = scope.inner()
        self._path, self._method, self._arguments = path, method, arguments
        self._done: Done | None = done
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._received = bytearray()
        self._number = 0
        self._answer: Table = {}

    def begin(self) -> None:
        """Connect to ubusd, which greets."""
        named = os.environ.get("HAVEN_UBUS_SOCKET")
        for path in (named,) if named else SOCKETS:
            try:
                self._socket.connect(path)
            except OSError:
                continue
            self._scope.watch(self._socket, self._serve)
            self._scope.after(LIMIT_S, lambda: self._end(UbusFailure("ubus does not answer")))
            return
        # Whoever asks has not got hold of the call yet.
        self._scope.after(0, lambda: self._end(UbusFailure("ubus is not here")))

    def _end(self, outcome: "Table | UbusFailure") -> None:
        done, self._done = self._done, None
        if done is not None:
            self._scope.close()
            self._socket.close()
            done(outcome)

    def _serve(self, events: int) -> None:
        if not events & select.EPOLLIN:
            return
        try:
            octets = self._socket.recv(RECEIVE)
        except BlockingIOError:
            return
        except OSError:
            octets = b""
        self._received += octets
        try:
            while self._done is not None and (found := next_frame(self._received)) is not None:
                del self._received[: found[1]]
                self._hear(found[0])
        except (UbusMalformed, OSError) as why:
            self._end(UbusFailure("ubusd is not understood: %s" % why))
        if not octets:
            self._end(UbusFailure("ubusd has hung up"))

    def _hear(self, frame: UbusFrame) -> None:
        if frame.kind == HELLO:
            self._send(LOOKUP, 1, 0, path=self._path)
        elif frame.kind == DATA and frame.sequence == 1:
            self._number = frame.number("object") or 0
        elif frame.kind == DATA:
            self._answer = decode_table(frame.attributes.get("data", b""))
        elif frame.kind == STATUS:
            self._hear_status(frame.sequence, frame.number("status"))

    def _hear_status(self, sequence: int, status: int | None) -> None:
        if status != OK or (sequence == 1 and not self._number):
            absent = sequence == 1 and status in (OK, NOT_FOUND)
            text = "there is no object %s" % self._path if absent else "status %s" % status
            self._end(UbusFailure("ubus: " + text, absent))
        elif sequence == 1:
            data = encode_table(self._arguments)
            self._send(INVOKE, 2, self._number, object=self._number, method=self._method, data=data)
        else:
            self._end(self._answer)

    def _send(self, kind: int, sequence: int, peer: int, **attributes: Any) -> None:
        # What is asked is smaller than any socket's buffer.
        self._socket.send(UbusFrame(kind, sequence, peer, **attributes).encode())
