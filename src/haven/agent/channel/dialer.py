# SPDX-License-Identifier: GPL-2.0-or-later
"""Calling a peer at one of its addresses: a TCP connection that is waited for without waiting."""

import errno
import socket
from collections.abc import Callable

from haven.agent.loop import Scope
from haven.contract.channel import PORT

LIMIT_S = 2.0


class Dialer:
    """One attempt; `done` gets the connected socket, or None."""

    def __init__(self, scope: Scope, address: str, done: Callable[[socket.socket | None], None]) -> None:
        self._scope, self._done = scope.inner(), done
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        number = self._socket.connect_ex((address, PORT))
        if number not in (0, errno.EINPROGRESS):
            # Whoever calls us is still at it.
            self._scope.after(0, lambda: self._end(None))
            return
        self._scope.after(LIMIT_S, lambda: self._end(None))
        self._scope.watch(self._socket, lambda _events: self._connected(), writing=True)

    def _connected(self) -> None:
        number = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        self._end(None if number else self._socket)

    def _end(self, sock: socket.socket | None) -> None:
        self._scope.close()
        if sock is None:
            self._socket.close()
        self._done(sock)

    def close(self) -> None:
        """Give up and tell nobody."""
        if not self._scope.closed:
            self._scope.close()
            self._socket.close()
