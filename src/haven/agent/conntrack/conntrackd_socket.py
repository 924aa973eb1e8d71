# SPDX-License-Identifier: GPL-2.0-or-later
"""What conntrackd is asked over its control socket, without a process for each question, and without waiting.

A request is one native int; the answer is text up to the end of the stream (conntrack-tools: conntrackd.h
has the numbers, local.c the exchange). conntrackd takes connections in their order, so orders that are
given one after the other are carried out in that order, however long it takes for the first.
"""

import struct
from collections.abc import Callable

from haven import light_socket as socket
from haven.agent.loop import Scope

KILL = 20
STATISTICS = {"": 21, "resend": 32, "queue": 36}
ORDERS = {
    "read the kernel": 44,
    "send everything": 22,
    "ask for everything": 23,
    "forget what was told": 33,
}

# conntrackd reads a great table before it answers.
ANSWER_LIMIT_S = 2.0
# While so many wait for it that the socket takes no more, an order is tried again.
RETRY_S = 0.1
CHUNK, CHUNKS_AT_ONCE = 65536, 4
# What is longer is no answer of conntrackd's. The queue of what the peer has not acknowledged has up to
# 131072 messages, a short line each.
LONGEST_ANSWER, LONGEST_QUEUE = 1 << 18, 16 << 20


class ConntrackdSocket:
    """The control socket of one conntrackd."""

    def __init__(self, path: str, scope: Scope) -> None:
        self._path, self._scope = path, scope
        self._orders: list[int] = []
        self._is_retrying = False

    def ask(self, number: int, done: Callable[[str], None], limit_s: float = ANSWER_LIMIT_S) -> bool:
        """Ask something; `done` gets what came of the answer in time. Tell whether somebody has heard it."""
        exchange = _connected(self._path, number)
        if exchange is None:
            return False
        most = LONGEST_QUEUE if number == STATISTICS["resend"] else LONGEST_ANSWER
        _Exchange(exchange, self._scope, done, limit_s, most)
        return True

    def order(self, names: list[str]) -> None:
        """Give orders, in their order, and wait for none of them."""
        self._orders += [ORDERS[name] for name in names]
        if not self._is_retrying:
            self._give_orders()

    def _give_orders(self) -> None:
        self._is_retrying = False
        while self._orders:
            if not self.ask(self._orders[0], lambda _text: None):
                self._is_retrying = True
                self._scope.after(RETRY_S, self._give_orders)
                return
            self._orders.pop(0)

    def forget(self) -> None:
        """Give no more of the orders that wait: who they were for has ended."""
        self._orders.clear()


class _Exchange:
    """A question under way, whose answer is read as it comes."""

    def __init__(
        self, sock: socket.socket, scope: Scope, done: Callable[[str], None], limit_s: float, most: int
    ) -> None:
        self._most = most
        self._socket, self._scope, self._done = sock, scope, done
        self._received = bytearray()
        scope.watch(sock, self._read)
        self._timer = scope.after(limit_s, self._end)

    def _read(self, _events: int) -> None:
        # As a rule it has said all and hung up by now.
        for _ in range(CHUNKS_AT_ONCE):
            if not self._take():
                return

    def _take(self) -> bool:
        """Take what has come; tell whether there may be more."""
        try:
            chunk = self._socket.recv(CHUNK)
        except BlockingIOError:
            return False
        except OSError:
            chunk = b""
        self._received += chunk
        if len(self._received) > self._most:
            self._received.clear()
            chunk = b""
        if not chunk:
            self._end()
        return bool(chunk)

    def _end(self) -> None:
        self._timer.cancel()
        self._scope.forget(self._socket)
        self._socket.close()
        self._done(self._received.decode("ascii", "replace"))


def _connected(path: str, number: int) -> socket.socket | None:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        sock.connect(path)
        sock.send(struct.pack("=i", number))
    except OSError:
        sock.close()
        return None
    return sock
