# SPDX-License-Identifier: GPL-2.0-or-later
"""One request for the metrics: read, answered, and hung up on; whoever takes too long gets nothing."""

import time
from collections.abc import Callable

from haven import light_socket as socket
from haven.agent.loop import Scope
from haven.agent.served_connection import ServedConnection
from haven.metrics.exposition import CONTENT_TYPE

LIMIT_S = 5.0
LONGEST_REQUEST = 8192
RECEIVE = 4096
PATH = "/metrics"
# Somebody who follows the address alone.
ROOT_TEXT = "haven: the metrics are at %s\n" % PATH

Ask = Callable[[Callable[[str], None]], None]


class HttpVisitor(ServedConnection):
    """A connection from an address; `ask` gets the metrics, `left` is called once at its end."""

    def __init__(
        self,
        scope: Scope,
        sock: socket.socket,
        ask: Ask,
        left: "Callable[[HttpVisitor], None]",
        address: str,
    ) -> None:
        super().__init__(scope, sock, lambda: left(self))
        self._ask, self.address, self.since = ask, address, time.monotonic()
        self._received = b""
        self._unsent = memoryview(b"")
        self.is_asked = False
        self._scope.after(LIMIT_S, self.leave)

    def _read(self) -> None:
        octets = self._socket.recv(RECEIVE)
        self._received = (self._received + octets)[-LONGEST_REQUEST:]
        if not octets:
            self.leave()
        elif not self.is_asked and (b"\r\n\r\n" in self._received or b"\n\n" in self._received):
            self.is_asked = True
            self._answer(self._received.split(b"\n", 1)[0].split())
        elif not self.is_asked and len(self._received) == LONGEST_REQUEST:
            self.is_asked = True
            self._reply("431 Request Header Fields Too Large", "")

    def _answer(self, words: list[bytes]) -> None:
        if len(words) != 3 or not words[2].startswith(b"HTTP/"):
            self._reply("400 Bad Request", "")
        elif words[0] not in (b"GET", b"HEAD"):
            self._reply("405 Method Not Allowed", "", "Allow: GET, HEAD\r\n")
        elif words[1].split(b"?")[0] == PATH.encode():
            self._ask(lambda text: self._reply("200 OK", text, is_head=words[0] == b"HEAD"))
        elif words[1] == b"/":
            self._reply("200 OK", ROOT_TEXT)
        else:
            self._reply("404 Not Found", "")

    def _reply(self, status: str, text: str, more: str = "", is_head: bool = False) -> None:
        if self.is_gone:
            return
        body = text.encode()
        head = "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n" % (status, CONTENT_TYPE, len(body))
        head += more + "Connection: close\r\n\r\n"
        self._unsent = memoryview(head.encode() + (b"" if is_head else body))
        self._scope.watch(self._socket, self._serve, writing=True)

    def _send(self) -> None:
        while self._unsent:
            self._unsent = self._unsent[self._socket.send(self._unsent) :]
        if self._received.startswith((b"GET ", b"HEAD ")) and len(self._received) < LONGEST_REQUEST:
            self.leave()
        else:
            # What comes and is not read would have the kernel send a reset, and the answer be lost.
            self._socket.shutdown(socket.SHUT_WR)
            self._scope.watch(self._socket, lambda _events: self._drain())

    def _drain(self) -> None:
        try:
            if not self._socket.recv(RECEIVE):
                self.leave()
        except BlockingIOError:
            pass
        except OSError:
            self.leave()
