# SPDX-License-Identifier: GPL-2.0-or-later
"""MicroPython's sockets by CPython's rules: that there is nothing to read is an error of its own."""

import builtins
import errno
import socket

# The kernel tells its tables in pieces of no more.
LONGEST_READ = 16384


class WouldBlock(OSError):
    """There is nothing to read, or no room to write: CPython's BlockingIOError, which goes by that name."""


builtins.BlockingIOError = WouldBlock
builtins.RecursionError = RuntimeError


class Socket:
    """A socket of the kernel's that goes by CPython's rules, as far as havend needs them."""

    def __init__(self, family: int, kind: int, protocol: int) -> None:
        """Open it. Raises OSError."""
        self._take(socket.socket(family, kind, protocol))

    def _take(self, sock: "socket.socket") -> None:
        self._socket = sock
        self._descriptor = sock.fileno()
        self.setsockopt, self.setblocking, self.bind = sock.setsockopt, sock.setblocking, sock.bind
        # As it is: without a word of ours between, for what is read all the time.
        self.read = sock.recv
        sock.setblocking(False)
        # One that sends for it or has joined a group for it, and what every filter of it begins with.
        self.beside: Socket | None = None
        self.filter_before = b""

    def fileno(self) -> int:
        """Return its descriptor."""
        return self._descriptor

    def recv(self, most: int) -> bytes:
        """Return what has come. Raises BlockingIOError when that is nothing, OSError."""
        try:
            return self._socket.recv(min(most, LONGEST_READ))
        except OSError as error:
            raise _ours(error) from None

    def send(self, octets: bytes) -> int:
        """Send, and return how much of it went. Raises BlockingIOError when there is no room, OSError."""
        try:
            return self._socket.send(octets)
        except OSError as error:
            raise _ours(error) from None

    def sendto(self, octets: bytes, address: bytes) -> int:
        """Send to an address. Raises OSError."""
        sender = self if self.beside is None else self.beside
        return sender._socket.sendto(octets, address)

    def listen(self, backlog: int) -> None:
        """Accept connections from now on."""
        self._socket.listen(backlog)

    def accept(self) -> "tuple[Socket, bytes]":
        """Return the next connection and where it comes from. Raises OSError."""
        sock, address = self._socket.accept()
        return Accepted(sock), address

    def close(self) -> None:
        """Let go of it."""
        self._socket.close()
        if self.beside is not None:
            self.beside.close()


class Accepted(Socket):
    """A connection that somebody else has opened."""

    def __init__(self, sock: "socket.socket") -> None:
        self._take(sock)


def _ours(error: OSError) -> OSError:
    return WouldBlock(error.errno) if error.errno == errno.EAGAIN else error
