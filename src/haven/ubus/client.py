# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls on ubus, for programs that end soon: by OpenWrt's binding, or by our own octets without it."""

import os
import struct
import time
from typing import Any

from haven import light_socket as socket
from haven.ubus.codec import (
    DATA,
    HELLO,
    INVOKE,
    LOOKUP,
    STATUS,
    UbusFrame,
    UbusMalformed,
    decode_table,
    encode_table,
    next_frame,
)
from haven.ubus.server import NOT_FOUND, OK, SOCKETS

SECONDS = 5
RECEIVE = 1 << 16
# What musl calls SO_SNDTIMEO where a word has 32 bits (linux/socket.h).
SO_SNDTIMEO_NEW = 67


class UbusError(Exception):
    """A call on ubus has no answer; the text says why."""


class NoUbusError(UbusError):
    """There is no ubus here."""


class NotFoundError(UbusError):
    """Nobody on ubus has this object."""


def call(path: str, method: str, arguments: dict[str, Any] | None = None) -> Any:
    """Return what a method answers, an empty table where it says nothing. Raises UbusError."""
    try:
        import ubus  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        with _Connection() as connection:
            return connection.call(path, method, arguments or {})
    return _by_module(ubus, path, method, arguments or {})


def _by_module(ubus: Any, path: str, method: str, arguments: dict[str, Any]) -> Any:
    try:
        if not ubus.get_connected():
            ubus.connect()
    except (RuntimeError, OSError):
        raise NoUbusError("ubus is not here") from None
    try:
        # The binding has but one kind of error (ubus_python.c).
        if not ubus.objects(path):
            raise NotFoundError("ubus: there is no object %s" % path)
        answers = ubus.call(path, method, arguments, timeout=SECONDS * 1000)
    except (RuntimeError, OSError) as why:
        raise UbusError("ubus: %s" % why) from None
    return answers[0] if answers else {}


class _Connection:
    """A connection to ubusd that is waited for, SECONDS at the most."""

    def __init__(self) -> None:
        self._until = time.monotonic() + SECONDS
        self._received = bytearray()
        self._sequence = 0
        self._socket = _connected()
        try:
            if self._next().kind != HELLO:
                raise UbusError("ubusd does not greet")
        except UbusError:
            self._socket.close()
            raise

    def __enter__(self) -> "_Connection":
        return self

    def __exit__(self, *_why: object) -> None:
        self._socket.close()

    def call(self, path: str, method: str, arguments: dict[str, Any]) -> Any:
        """Return what a method of an object answers. Raises UbusError."""
        try:
            found = self._ask(LOOKUP, 0, path=path)
            number = (found[0].number("object") if found else None) or 0
            answer = self._ask(INVOKE, number, object=number, method=method, data=encode_table(arguments))
        except NotFoundError:
            raise NotFoundError("ubus: there is no object %s" % path) from None
        try:
            return decode_table(answer[0].attributes.get("data", b"")) if answer else {}
        except UbusMalformed as why:
            raise UbusError("ubus: the answer is not understood: %s" % why) from None

    def _ask(self, kind: int, peer: int, **attributes: Any) -> list[UbusFrame]:
        """Return what comes before the end of the answer. Raises UbusError for a failure."""
        self._sequence += 1
        frame = UbusFrame(kind, self._sequence, peer, **attributes)
        try:
            self._socket.sendall(frame.encode())
        except OSError as why:
            raise UbusError("ubus: %s" % why.strerror) from None
        found = []
        while True:
            answer = self._next()
            if answer.sequence != self._sequence:
                continue
            if answer.kind == DATA:
                found.append(answer)
            elif answer.kind == STATUS:
                status = answer.number("status")
                if status == NOT_FOUND:
                    raise NotFoundError
                if status != OK:
                    raise UbusError("ubus: status %s" % status)
                return found

    def _next(self) -> UbusFrame:
        while True:
            try:
                found = next_frame(self._received)
            except UbusMalformed as why:
                raise UbusError("ubus: ubusd is not understood: %s" % why) from None
            if found is not None:
                del self._received[: found[1]]
                return found[0]
            # Octets that drip in one by one must not be waited for without end.
            if time.monotonic() > self._until:
                raise _silent()
            self._received += self._receive()

    def _receive(self) -> bytes:
        try:
            self._socket.settimeout(max(0.001, self._until - time.monotonic()))
            octets = self._socket.recv(RECEIVE)
        except TimeoutError:
            raise _silent() from None
        except OSError:
            octets = b""
        if not octets:
            raise UbusError("ubusd has hung up")
        return octets


def _silent() -> UbusError:
    return UbusError("ubus did not answer in %d s" % SECONDS)


def timeval(option: int) -> bytes:
    """Return SECONDS as the option for a limit wants them: the new one has 64 bits whatever a word has."""
    return struct.pack("@qq" if option == SO_SNDTIMEO_NEW else "@ll", SECONDS, 0)


def _connected() -> socket.socket:
    named = os.environ.get("HAVEN_UBUS_SOCKET")
    for path in (named,) if named else SOCKETS:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # While ubusd accepts nobody, connect() waits as long as send() may.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeval(socket.SO_SNDTIMEO))
        try:
            sock.connect(path)
        except BlockingIOError:
            sock.close()
            raise _silent() from None
        except OSError:
            sock.close()
        else:
            return sock
    raise NoUbusError("ubus is not here")
