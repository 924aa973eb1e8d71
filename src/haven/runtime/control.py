# SPDX-License-Identifier: GPL-2.0-or-later
"""The control socket: one JSON line in, one JSON line out."""

import json
import os

from haven.runtime import cpython as system

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from typing import Any

    Ask = Callable[["Client", dict[str, Any]], "dict[str, Any] | None"]

LONGEST_REQUEST = 1 << 20
# A reader that does not read is dropped before its answers fill the memory.
LONGEST_BACKLOG = 8 << 20
MOST_CLIENTS = 32


class Client:
    """One connection; `follows` when it wants every event."""

    def __init__(self, sock: "socket.socket") -> None:
        self.socket = sock
        self.received = b""
        self.backlog = b""
        self.follows = False

    def reply(self, document: "dict[str, Any]") -> None:
        """Queue a line and send what the connection takes."""
        self.backlog += json.dumps(document).encode() + b"\n"
        self.flush()

    def flush(self) -> None:
        """Send what the connection takes now."""
        try:
            while self.backlog:
                self.backlog = self.backlog[self.socket.send(self.backlog) :]
        except BlockingIOError:
            return
        except OSError:
            self.backlog = b""


class Control:
    """Accepts connections and hands each request to `ask`, which answers or answers later (None)."""

    def __init__(self, path: str, poller: system.Poller, ask: "Ask") -> None:
        self._path = path
        self._poller = poller
        self._ask = ask
        self._listener = system.listen_at(path)
        self._clients: dict[int, Client] = {}
        poller.add(self._listener.fileno())

    def serves(self, descriptor: int) -> bool:
        """Tell whether a descriptor is the listener's or a client's."""
        return descriptor == self._listener.fileno() or descriptor in self._clients

    def read(self, descriptor: int) -> None:
        """Do what is due on one descriptor."""
        if descriptor == self._listener.fileno():
            self._accept()
        else:
            self._read_client(self._clients[descriptor])

    def tell_followers(self, event: "dict[str, Any]") -> None:
        """Send an event to everybody who follows."""
        for client in list(self._clients.values()):
            if client.follows:
                client.reply({"event": event})
                if len(client.backlog) > LONGEST_BACKLOG:
                    self._drop(client)

    def is_backlogged(self) -> bool:
        """Tell whether some answer still waits for its reader."""
        return any(client.backlog for client in self._clients.values())

    def flush(self) -> None:
        """Send what the connections take now."""
        for client in self._clients.values():
            client.flush()

    def close(self) -> None:
        """Close everything and remove the socket."""
        for client in list(self._clients.values()):
            self._drop(client)
        self._poller.remove(self._listener.fileno())
        self._listener.close()
        os.unlink(self._path)

    def _accept(self) -> None:
        sock = system.accept_from(self._listener)
        if sock is None:
            return
        if len(self._clients) >= MOST_CLIENTS:
            sock.close()
            return
        self._clients[sock.fileno()] = Client(sock)
        self._poller.add(sock.fileno())

    def _drop(self, client: Client) -> None:
        descriptor = client.socket.fileno()
        self._poller.remove(descriptor)
        del self._clients[descriptor]
        client.socket.close()

    def _read_client(self, client: Client) -> None:
        try:
            octets = client.socket.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            octets = b""
        client.received += octets
        if not octets or len(client.received) > LONGEST_REQUEST:
            self._drop(client)
            return
        while b"\n" in client.received:
            line, client.received = client.received.split(b"\n", 1)
            self._answer(client, line)

    def _answer(self, client: Client, line: bytes) -> None:
        try:
            request = json.loads(line.decode())
        except ValueError:
            request = None
        if not isinstance(request, dict) or not isinstance(request.get("command"), str):
            client.reply({"ok": False, "error": "a request is one line of JSON with a command"})
            return
        answer = self._ask(client, request)
        if answer is not None:
            client.reply(answer)
