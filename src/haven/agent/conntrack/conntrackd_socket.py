# SPDX-License-Identifier: GPL-2.0-or-later
"""What conntrackd is asked over its control socket, without a process for each question.

A request is one native int; the answer is text up to the end of the stream (conntrack-tools: conntrackd.h
has the numbers, local.c the exchange).
"""

import select
import socket
import struct
import time

KILL = 20
STATISTICS = {"": 21, "resend": 32, "queue": 36}
ORDERS = {
    "read the kernel": 44,
    "send everything": 22,
    "ask for everything": 23,
    "forget what was told": 33,
}

# conntrackd reads a great table before it answers; an order needs no answer, so nobody waits for that.
ORDER_LIMIT_S = 0.2
ANSWER_LIMIT_S = 2.0
CHUNK = 65536


def order(path: str, number: int) -> bool:
    """Give an order over the socket at `path`; tell whether it was taken."""
    return _waited(path, number, ORDER_LIMIT_S).taken


def ask(path: str, number: int, limit: float) -> str:
    """Return the answer to a question, what came of it within so many seconds, or nothing."""
    return _waited(path, number, limit).text


class ConntrackdQuestion:
    """A question under way, whose answer is read as it comes; `taken` when somebody has heard it.

    Times are in seconds; after `until` the answer is not worth waiting for.
    """

    def __init__(
        self,
        path: str,
        number: int,
        now: float,
        limit: float = ANSWER_LIMIT_S,
        taking_limit: float = ORDER_LIMIT_S,
    ) -> None:
        self.until = now + limit
        self.taken = self.ended = False
        self._received = b""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(taking_limit)
        try:
            self._socket.connect(path)
            self._socket.sendall(struct.pack("=i", number))
            self._socket.setblocking(False)
            self.taken = True
        except OSError:
            self.close()

    @property
    def text(self) -> str:
        """What has come of the answer so far."""
        return self._received.decode("ascii", "replace")

    def fileno(self) -> int | None:
        """Return the descriptor to wait for, or None when the answer has ended."""
        return None if self.ended else self._socket.fileno()

    def read(self) -> None:
        """Read what has come; `ended` when that was the last."""
        try:
            chunk = self._socket.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        self._received += chunk
        if not chunk:
            self.close()

    def close(self) -> None:
        """Wait for no more of it."""
        self.ended = True
        self._socket.close()


def _waited(path: str, number: int, limit: float) -> ConntrackdQuestion:
    question = ConntrackdQuestion(path, number, time.monotonic(), limit, limit)
    while (descriptor := question.fileno()) is not None and (wait := question.until - time.monotonic()) > 0:
        select.select([descriptor], [], [], wait)
        question.read()
    question.close()
    return question
