# SPDX-License-Identifier: GPL-2.0-or-later
"""The control socket: lines of JSON in and out (contract/control.py)."""

import os

from haven.contract.control import LONGEST_REQUEST, MOST_CLIENTS, Refusal, encode, read_request, refused
from haven.havend.host import system
from haven.spare_descriptor import accept_from

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from typing import Any

    Ask = Callable[["ControlClient", dict[str, Any]], "dict[str, Any] | None"]

RECEIVE = 1 << 16
# No answer is longer; who asks reads it before the next.
LONGEST_BACKLOG = 8 << 20
# A follower that does not read is dropped before events fill the memory: this is hundreds of them, besides
# what the socket holds.
LONGEST_UNREAD = min(1 << 18, system.MEMORY_FOR_A_CLIENT // 2)
# What a request may be where there is little memory is less than what the contract allows.
MOST_ASKED = min(LONGEST_REQUEST, system.MEMORY_FOR_A_CLIENT)


class ControlClient:
    """One connection; `follows` when it wants every event, `awaits` while an answer comes later.

    `is_kept` is not closed to make room for another. `heard_at` is when it last said something.
    """

    def __init__(self, sock: "socket.socket", poller: system.Poller) -> None:
        self.socket = sock
        self.descriptor = sock.fileno()
        self.follows = False
        self.awaits = False
        self.is_kept = False
        self.closed = False
        self.heard_at = system.now()
        self._unread = 0
        self._poller = poller
        self._received = bytearray()
        self._backlog = bytearray()
        self._ended = False
        poller.add(self.descriptor)

    def reply(self, document: "dict[str, Any]") -> None:
        """Queue a line and send what the connection takes."""
        if self.closed:
            return
        self._backlog += encode(document)
        self._flush()
        if len(self._backlog) > LONGEST_BACKLOG:
            self.close()

    def tell(self, line: bytes) -> None:
        """Queue an event, unless too much of what it was told is unread."""
        if self.closed:
            return
        self._backlog += line
        self._unread += len(line)
        self._flush()
        if self._unread > LONGEST_UNREAD:
            self.close()

    def reply_at_last(self, document: "dict[str, Any]") -> None:
        """Reply to the request whose answer was to come later."""
        self.awaits = False
        self.reply(document)

    def read(self) -> None:
        """Take in or send what can be; who does not read the answers is not read from either."""
        if self._backlog:
            self._flush()
        elif self._ended:
            self.close()
        else:
            self._receive()

    def _receive(self) -> None:
        try:
            octets = self.socket.recv(RECEIVE)
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        self.heard_at = system.now()
        self._received += octets
        self._ended = not octets
        if len(self._received) > MOST_ASKED and b"\n" not in self._received:
            self.reply(refused(Refusal("request-long", most=MOST_ASKED)))
            self.close()
        self.settle()

    def _flush(self) -> None:
        try:
            while self._backlog:
                self._backlog[: self.socket.send(self._backlog)] = b""
        except BlockingIOError:
            pass
        except OSError:
            self.close()
        self._unread = min(self._unread, len(self._backlog))
        self.settle()

    def settle(self) -> None:
        """Wait for what is to come next; after the last answer to one who asks no more, close."""
        if self.closed:
            return
        owed = self._backlog or self.has_request() or self.awaits or self.follows
        if self._ended and not owed:
            self.close()
        else:
            # Requests that wait for their turn are enough to have in memory.
            reading = not self._backlog and not self._ended and not self.has_request()
            self._poller.change(self.descriptor, reading, bool(self._backlog))

    def has_request(self) -> bool:
        """Tell whether a whole request waits for its turn."""
        return not self.closed and not self._backlog and b"\n" in self._received

    def gives_way(self) -> bool:
        """Tell whether nothing is lost, or can be had again, when it is closed."""
        return not (self.is_kept or self.awaits or self.has_request())

    def next_request(self) -> bytes:
        """Return the next request and forget it."""
        end = self._received.index(b"\n")
        line = bytes(self._received[:end])
        # MicroPython's bytearray deletes nothing.
        self._received[: end + 1] = b""
        return line

    def close(self) -> None:
        """End the connection."""
        if not self.closed:
            self.closed = True
            self._poller.remove(self.descriptor)
            self.socket.close()


class ControlServer:
    """Accepts connections and hands each request to who answers, or answers later (None).

    One request is answered in a turn of the loop, so that clients wait for the election and not the
    other way round.
    """

    def __init__(self, path: str, poller: system.Poller) -> None:
        self._path = path
        self._poller = poller
        self._ask: Ask | None = None
        self._listener = system.listen_at(path)
        self._clients: dict[int, ControlClient] = {}
        # Whose turn it is comes first.
        self._asking: list[ControlClient] = []
        poller.add(self._listener.fileno())

    def answer_with(self, ask: "Ask") -> None:
        """Let this answer the requests."""
        self._ask = ask

    def serves(self, descriptor: int) -> bool:
        """Tell whether a descriptor is the listener's or a client's."""
        return descriptor == self._listener.fileno() or descriptor in self._clients

    def read(self, descriptor: int) -> None:
        """Take in what waits on one descriptor."""
        self._forget_closed()
        if descriptor == self._listener.fileno():
            self._accept()
            return
        client = self._clients.get(descriptor)
        if client is not None:
            client.read()
            self._give_turn(client)
            self._forget_closed()

    def is_asked(self) -> bool:
        """Tell whether a request waits for its answer."""
        return bool(self._asking)

    def answer_one(self) -> None:
        """Answer the request that has waited longest."""
        client = self._asking.pop(0)
        if client.has_request():
            self._answer(client, client.next_request())
            client.settle()
        self._give_turn(client)
        self._forget_closed()

    def tell_followers(self, event: "dict[str, Any]") -> None:
        """Send an event to everybody who follows."""
        line = encode({"event": event})
        for client in self._clients.values():
            if client.follows:
                client.tell(line)
                self._give_turn(client)

    def close(self) -> None:
        """Close everything and remove the socket."""
        for client in self._clients.values():
            client.close()
        self._poller.remove(self._listener.fileno())
        self._listener.close()
        try:
            os.unlink(self._path)
        except OSError:
            return

    def _accept(self) -> None:
        for _ in range(MOST_CLIENTS):
            found = accept_from(self._listener)
            if found is None:
                return
            found[0].setblocking(False)
            client = ControlClient(found[0], self._poller)
            if len(self._clients) >= MOST_CLIENTS:
                self._make_room()
            if len(self._clients) < MOST_CLIENTS:
                self._clients[client.descriptor] = client
            else:
                _turn_away(client)

    def _make_room(self) -> None:
        """Close who has been idle longest; one that follows only where nobody else is."""
        idle = [client for client in self._clients.values() if client.gives_way()]
        if idle:
            _turn_away(min(idle, key=lambda client: (client.follows, client.heard_at)))
            self._forget_closed()

    def _give_turn(self, client: ControlClient) -> None:
        if client.has_request() and client not in self._asking:
            self._asking.append(client)

    def _forget_closed(self) -> None:
        for descriptor in [number for number, client in self._clients.items() if client.closed]:
            del self._clients[descriptor]

    def _answer(self, client: ControlClient, line: bytes) -> None:
        try:
            answer = self._ask(client, read_request(line)) if self._ask else None
        except Refusal as why:
            answer = refused(why)
        if answer is None:
            client.awaits = True
        else:
            client.reply(answer)


def _turn_away(client: ControlClient) -> None:
    client.reply(refused(Refusal("connections-many", most=MOST_CLIENTS)))
    client.close()
