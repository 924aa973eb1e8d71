# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands between the object and who calls it: ubusd where there is one, else a stand-in for it.

The stand-in knows what the tests need of ubusd_proto.c: objects, lookup, calls and their answers, events,
and the refusal of an object. HAVEN_TEST_UBUSD names the program ubusd for the same tests.
"""

import contextlib
import itertools
import os
import selectors
import signal
import socket
import subprocess
import threading
from pathlib import Path
from typing import Protocol

from haven.ubus import codec as wire
from haven.ubus.codec import UbusFrame, decode_table, next_frame
from tests.lab.wait import wait_until

UBUSD = os.environ.get("HAVEN_TEST_UBUSD", "")
KINDS = ["stand-in", "ubusd"] if UBUSD else ["stand-in"]

OK, INVALID_ARGUMENT, NOT_FOUND = 0, 2, 4
EVENTS = 1


def make_broker(kind: str, path: Path) -> "Broker":
    """Return a broker that is not started yet."""
    return Ubusd(path) if kind == "ubusd" else StandIn(path)


class Broker(Protocol):
    """What the tests do with either."""

    path: Path

    def start(self) -> "Broker":
        """Start it and wait until it can be reached."""

    def kill(self) -> None:
        """End it without a chance to tidy up; its socket stays."""


class Ubusd:
    """The program of OpenWrt."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Ubusd":
        """Start it and wait until it can be reached."""
        self._process = subprocess.Popen([UBUSD, "-s", str(self.path)])
        wait_until(lambda: _can_be_reached(self.path), 10, "ubusd listens")
        return self

    def kill(self) -> None:
        """End it without a chance to tidy up; its socket stays."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
        self._process = None


class StandIn:
    """ubusd, as far as the tests need it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._thread: threading.Thread | None = None
        self._ending, self._wake = socket.socketpair()
        self._numbers = itertools.count(1025)
        self._clients: dict[int, _Client] = {}
        self._objects: dict[int, tuple[_Client, str, bytes]] = {}
        self._patterns: list[tuple[int, str]] = []

    def start(self) -> "StandIn":
        """Start it and wait until it can be reached."""
        self.path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.path))
        listener.listen()
        self._thread = threading.Thread(target=self._serve, args=(listener,))
        self._thread.start()
        return self

    def kill(self) -> None:
        """End it; its socket stays."""
        if self._thread is not None:
            self._wake.send(b".")
            self._thread.join()
        self._thread = None

    def _serve(self, listener: socket.socket) -> None:
        with selectors.DefaultSelector() as self._selector:
            self._selector.register(listener, selectors.EVENT_READ)
            self._selector.register(self._ending, selectors.EVENT_READ)
            while self._turn(listener):
                pass
        for client in [*self._clients.values()]:
            client.socket.close()
        listener.close()
        self._clients.clear()
        self._objects.clear()
        self._patterns.clear()

    def _turn(self, listener: socket.socket) -> bool:
        for key, _events in self._selector.select():
            if key.fileobj is self._ending:
                self._ending.recv(1)
                return False
            if key.fileobj is listener:
                self._accept(listener)
            else:
                self._read(key.data)
        return True

    def _accept(self, listener: socket.socket) -> None:
        sock, _address = listener.accept()
        client = _Client(next(self._numbers), sock)
        self._clients[client.number] = client
        self._selector.register(sock, selectors.EVENT_READ, client)
        client.send(UbusFrame(wire.HELLO, 0, client.number))

    def _read(self, client: "_Client") -> None:
        octets = b""
        with contextlib.suppress(OSError):
            octets = client.socket.recv(1 << 16)
        client.received += octets
        while (found := next_frame(client.received)) is not None:
            frame, length = found
            client.received = client.received[length:]
            self._take(client, frame)
        if not octets:
            self._forget(client)

    def _forget(self, client: "_Client") -> None:
        self._selector.unregister(client.socket)
        client.socket.close()
        del self._clients[client.number]
        gone = [number for number, (owner, _path, _signature) in self._objects.items() if owner is client]
        for number in gone:
            del self._objects[number]
        self._patterns = [each for each in self._patterns if each[0] not in gone]

    def _take(self, client: "_Client", frame: UbusFrame) -> None:
        if frame.kind in (wire.DATA, wire.STATUS):
            self._pass_answer(client, frame)
        elif frame.kind == wire.INVOKE:
            self._invoke(client, frame)
        else:
            status = (
                self._add(client, frame) if frame.kind == wire.ADD_OBJECT else self._look_up(client, frame)
            )
            client.send(UbusFrame(wire.STATUS, frame.sequence, 0, status=status))

    def _add(self, client: "_Client", frame: UbusFrame) -> int:
        path = frame.attributes.get("path", "")
        if path and path in {each for _owner, each, _signature in self._objects.values()}:
            return INVALID_ARGUMENT
        number = next(self._numbers)
        self._objects[number] = (client, path, frame.attributes.get("signature", b""))
        client.send(UbusFrame(wire.DATA, frame.sequence, 0, object=number))
        return OK

    def _look_up(self, client: "_Client", frame: UbusFrame) -> int:
        for number, (_owner, path, signature) in self._objects.items():
            if path == frame.attributes["path"]:
                client.send(
                    UbusFrame(wire.DATA, frame.sequence, 0, path=path, object=number, signature=signature)
                )
                return OK
        return NOT_FOUND

    def _invoke(self, client: "_Client", frame: UbusFrame) -> None:
        number = frame.number("object") or 0
        if number == EVENTS:
            self._event(client, frame.attributes["method"], decode_table(frame.attributes["data"]))
            client.send(UbusFrame(wire.STATUS, frame.sequence, EVENTS, status=OK))
        elif number in self._objects:
            who = {"user": "root", "group": "root"}
            self._objects[number][0].send(
                UbusFrame(wire.INVOKE, frame.sequence, client.number, **{**frame.attributes, **who})
            )
        else:
            client.send(UbusFrame(wire.STATUS, frame.sequence, number, status=NOT_FOUND))

    def _event(self, client: "_Client", method: str, arguments: dict) -> None:
        if method == "register":
            self._patterns.append((arguments["object"], arguments["pattern"]))
            return
        data = wire.encode_table(arguments["data"])
        for number, pattern in self._patterns:
            owner = self._objects[number][0]
            if pattern == arguments["id"] and owner is not client:
                owner.send(UbusFrame(wire.INVOKE, 1, 0, object=number, method=pattern, data=data))

    def _pass_answer(self, client: "_Client", frame: UbusFrame) -> None:
        number = frame.number("object") or 0
        owner = self._objects.get(number, (None, "", b""))[0]
        if owner is client and frame.peer in self._clients:
            self._clients[frame.peer].send(UbusFrame(frame.kind, frame.sequence, number, **frame.attributes))


class _Client:
    def __init__(self, number: int, sock: socket.socket) -> None:
        self.number = number
        self.socket = sock
        self.received = b""

    def send(self, frame: UbusFrame) -> None:
        with contextlib.suppress(OSError):
            self.socket.sendall(frame.encode())


def _can_be_reached(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as trying:
        try:
            trying.connect(str(path))
        except OSError:
            return False
    return True
