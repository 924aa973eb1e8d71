# SPDX-License-Identifier: GPL-2.0-or-later
"""A client of ubusd: one object that others call, and events; made again whenever the connection is lost.

Events come to an object without a name, as they do for libubus: nobody can call it by one.
"""

import os
import select
import sys
from collections.abc import Callable
from typing import Any, Protocol

from haven import light_socket as socket
from haven.ubus.codec import (
    ADD_OBJECT,
    DATA,
    HELLO,
    INVOKE,
    STATUS,
    Table,
    UbusFrame,
    UbusMalformed,
    decode_table,
    encode_table,
    next_frame,
)

# OpenWrt's since 21.02, and the one before.
SOCKETS = ("/var/run/ubus/ubus.sock", "/var/run/ubus.sock")
RECEIVE = 1 << 16
# ubusd is gone or stuck when it lets this much wait.
LONGEST_BACKLOG = 4 << 20
# The wait before another attempt doubles up to this.
SHORTEST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0
# ubusd greets and answers at once; after so long it is not ubusd.
HANDSHAKE_S = 10.0
# ubusd's own object for events.
EVENTS = 1

# ubus_msg_status
(OK, INVALID_COMMAND, INVALID_ARGUMENT, METHOD_NOT_FOUND, NOT_FOUND, NO_DATA) = range(6)
(PERMISSION_DENIED, TIMEOUT, NOT_SUPPORTED, UNKNOWN_ERROR, CONNECTION_FAILED) = range(6, 11)

Signature = dict[str, dict[str, int]]


class Registry(Protocol):
    """A loop that a server registers with; times are seconds."""

    def watch(self, descriptor: Any, act: Callable[[int], None], writing: bool = False) -> None:
        """Call `act` with the loop's events when something can be read, or written as well."""

    def forget(self, descriptor: Any) -> None:
        """Watch a descriptor no more."""

    def after(self, seconds: float, act: Callable[[], None]) -> Any:
        """Do something after a while."""


class UbusCall:
    """A call of one of our methods, answered now or later; an answer that nobody waits for is dropped."""

    def __init__(self, connection: "UbusServer", frame: UbusFrame, arguments: Table) -> None:
        self.method = str(frame.attributes.get("method", ""))
        self.arguments = arguments
        self._connection: UbusServer | None = connection
        self._frame = frame
        # After a reconnect the caller's number may be another's.
        self._age = connection.age

    def answer(self, document: Table, status: int = OK) -> None:
        """Send the answer and how it went; only the first time."""
        connection, self._connection = self._connection, None
        if connection is not None and connection.ready and connection.age == self._age:
            connection.reply(self._frame, document, status)

    def refuse(self, status: int) -> None:
        """Send no answer but how it went."""
        self.answer({}, status)


class UbusServer:
    """The connection to ubusd, and one object there; `age` counts the connections made."""

    def __init__(
        self,
        registry: "Registry",
        name: str,
        signature: Signature,
        called: Callable[[UbusCall], None],
        paths: tuple[str, ...] = (),
    ) -> None:
        named = os.environ.get("HAVEN_UBUS_SOCKET")
        self._paths = paths or ((named,) if named else SOCKETS)
        self._registry = registry
        self._name, self._signature, self._called = name, signature, called
        self._socket: socket.socket | None = None
        self._received = bytearray()
        self._backlog = bytearray()
        self._object: int | None = None
        self._sequence = 0
        self._added_by = self._listens_by = 0
        # What is done about events, by their names.
        self._listens: dict[str, Callable[[Table], None]] = {}
        self._listener: int | None = None
        self._wait = SHORTEST_WAIT_S
        self._said: set[str] = set()
        self._is_bad_news_out = False
        self.age = 0
        self.ready = False

    def listen(self, event: str, act: Callable[[Table], None]) -> None:
        """Do something about each event of a name; before connect()."""
        self._listens[event] = act

    def connect(self) -> None:
        """Connect now, or as soon as somebody is there; again whenever the connection is lost."""
        if not self._try_paths():
            self._connect_later()

    def _connect_later(self) -> None:
        self._registry.after(self._wait, self.connect)
        self._wait = min(2 * self._wait, LONGEST_WAIT_S)

    def send_event(self, name: str, document: Table) -> None:
        """Send an event to all who listen; without a connection there is nobody."""
        if self.ready:
            self._ask(INVOKE, object=EVENTS, method="send", data={"id": name, "data": document})

    def reply(self, frame: UbusFrame, document: Table, status: int) -> None:
        """Answer a call."""
        if frame.attributes.get("no_reply"):
            return
        head = (frame.sequence, frame.peer)
        try:
            data = UbusFrame(DATA, *head, object=self._object, data=encode_table(document)).encode()
        except UbusMalformed as why:
            self.reply(frame, {"error": f"no answer: {why}", "kind": "malformed"}, UNKNOWN_ERROR)
            return
        end = UbusFrame(STATUS, *head, status=status, object=self._object).encode()
        self._send(data + end if document else end)

    def close(self) -> None:
        """Leave ubusd, which forgets the object."""
        if self._socket is not None:
            self._registry.forget(self._socket)
            self._socket.close()
        self._socket, self._object, self._listener, self.ready = None, None, None, False
        self._received.clear()
        self._backlog.clear()

    # The socket

    def _try_paths(self) -> bool:
        for path in self._paths:
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            try:
                sock.connect(path)
            except FileNotFoundError:
                # No OpenWrt, or ubusd is about to be started again.
                sock.close()
            except OSError as why:
                sock.close()
                self._say_once(path, f"{path}: {why.strerror}")
            else:
                self._take(sock)
                return True
        return False

    def _take(self, sock: socket.socket) -> None:
        self._socket, self.age = sock, self.age + 1
        age = self.age
        self._registry.watch(sock, self._serve)
        self._registry.after(HANDSHAKE_S, lambda: self._give_up(age))

    def _give_up(self, age: int) -> None:
        """Leave who has not greeted and taken the object, unless that was an earlier connection."""
        if age == self.age and self._socket is not None and not self.ready:
            self._lose("silent", "ubusd does not answer")

    def _serve(self, events: int) -> None:
        if events & select.EPOLLOUT:
            self._flush()
        if events & select.EPOLLIN:
            self._receive()

    def _receive(self) -> None:
        if self._socket is None:
            return
        try:
            octets = self._socket.recv(RECEIVE)
        except BlockingIOError:
            return
        except OSError:
            octets = b""
        if not octets:
            self._lose("hung-up", "ubusd has hung up")
            return
        self._received += octets
        try:
            self._read_frames()
        except UbusMalformed as why:
            self._lose("malformed", f"ubusd is not understood: {why}")

    def _read_frames(self) -> None:
        while (found := next_frame(self._received)) is not None:
            frame, length = found
            del self._received[:length]
            self._hear(frame)

    def _send(self, octets: bytes) -> None:
        self._backlog += octets
        self._flush()
        if len(self._backlog) > LONGEST_BACKLOG:
            self._lose("full", "ubusd does not read")

    def _flush(self) -> None:
        if self._socket is None:
            return
        try:
            while self._backlog:
                del self._backlog[: self._socket.send(self._backlog)]
        except BlockingIOError:
            pass
        except OSError:
            self._lose("hung-up", "ubusd has hung up")
            return
        self._registry.watch(self._socket, self._serve, bool(self._backlog))

    def _lose(self, kind: str, why: str) -> None:
        if self._socket is not None:
            self._say_once(kind, why)
            self.close()
            self._connect_later()

    # What ubusd says

    def _hear(self, frame: UbusFrame) -> None:
        if frame.kind == HELLO:
            self._added_by = self._ask(ADD_OBJECT, path=self._name, signature=self._signature)
        elif frame.kind == INVOKE:
            self._hear_call(frame)
        elif frame.sequence == self._added_by and not self.ready:
            self._hear_added(frame)
        elif frame.kind == DATA and frame.sequence == self._listens_by and self._listener is None:
            self._listen_with(frame.number("object"))
        elif frame.kind == STATUS and frame.number("status") != OK:
            self._say_once("event", f"ubusd does not take the event, status {frame.number('status')}")

    def _hear_added(self, frame: UbusFrame) -> None:
        if frame.kind == DATA:
            self._object = frame.number("object")
        elif frame.number("status") == OK and self._object is not None:
            self.ready, self._wait = True, SHORTEST_WAIT_S
            if self._listens:
                self._listens_by = self._ask(ADD_OBJECT)
            if self._is_bad_news_out:
                print("haven-agent: ubus: connected", flush=True)
            self._is_bad_news_out, age = False, self.age
            self._registry.after(LONGEST_WAIT_S, lambda: self._forget_said(age))
        else:
            status = frame.number("status")
            why = f"ubusd refuses the object {self._name}, status {status}: not root, or it is there twice"
            self._lose("refused", why)

    def _listen_with(self, number: int | None) -> None:
        self._listener = number
        # blobmsg has no unsigned numbers.
        signed = ((number or 0) ^ 1 << 31) - (1 << 31)
        for name in self._listens:
            self._ask(INVOKE, object=EVENTS, method="register", data={"object": signed, "pattern": name})

    def _hear_call(self, frame: UbusFrame) -> None:
        try:
            arguments = decode_table(frame.attributes.get("data", b""))
        except UbusMalformed:
            UbusCall(self, frame, {}).refuse(INVALID_ARGUMENT)
            return
        if self._listener is not None and frame.number("object") == self._listener:
            self._hear_event(str(frame.attributes.get("method", "")), arguments)
            return
        call = UbusCall(self, frame, arguments)
        if frame.number("object") != self._object:
            call.refuse(NOT_FOUND)
        else:
            self._called(call)

    def _hear_event(self, name: str, document: Table) -> None:
        if name in self._listens:
            self._listens[name](document)

    def _ask(self, kind: int, **attributes: Any) -> int:
        self._sequence = (self._sequence + 1) & 0xFFFF
        for name in ("data", "signature"):
            if name in attributes:
                attributes[name] = encode_table(attributes[name])
        peer = attributes.get("object", 0)
        self._send(UbusFrame(kind, self._sequence, peer, **attributes).encode())
        return self._sequence

    def _say_once(self, kind: str, text: str) -> None:
        """Say what is wrong; of each kind once, whatever numbers it comes with."""
        if kind not in self._said:
            print(f"haven-agent: ubus: {text}", file=sys.stderr, flush=True)
            self._is_bad_news_out = True
        self._said.add(kind)

    def _forget_said(self, age: int) -> None:
        # A connection that has lived so long: what goes wrong from now on is news.
        if age == self.age and self.ready:
            self._said.clear()
