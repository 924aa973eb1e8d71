# SPDX-License-Identifier: GPL-2.0-or-later
"""What conntrackd is asked over its control socket, without a process for each question.

A request is one native int; the answer is text up to the end of the stream (conntrack-tools: conntrackd.h
has the numbers, local.c the exchange).
"""

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
    return _exchange(path, number, ORDER_LIMIT_S) is not None


def ask(path: str, number: int, limit: float) -> str:
    """Return the answer to a question, what came of it within so many seconds, or nothing."""
    return _exchange(path, number, limit) or ""


class Question:
    """A question under way: its answer is read as it comes, and nobody waits for it. Times in seconds."""

    def __init__(self, path: str, number: int, now: float) -> None:
        self.until = now + ANSWER_LIMIT_S
        self.ended = False
        self._received = b""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(ORDER_LIMIT_S)
        try:
            self._socket.connect(path)
            self._socket.sendall(struct.pack("=i", number))
            self._socket.setblocking(False)
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


def _exchange(path: str, number: int, limit: float) -> str | None:
    until = time.monotonic() + limit
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(limit)
        try:
            sock.connect(path)
            sock.sendall(struct.pack("=i", number))
        except OSError:
            return None
        return _rest(sock, until).decode("ascii", "replace")


def _rest(sock: socket.socket, until: float) -> bytes:
    received = b""
    try:
        while (wait := until - time.monotonic()) > 0:
            sock.settimeout(wait)
            chunk = sock.recv(CHUNK)
            if not chunk:
                break
            received += chunk
    except OSError:
        pass
    return received
