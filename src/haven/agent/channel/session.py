# SPDX-License-Identifier: GPL-2.0-or-later
"""One TLS connection of the agent's: messages in and out, nothing waits for it, and its memory is bounded."""

import select
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any, Protocol

from haven.agent.loop import Scope
from haven.contract.channel import LONGEST_MESSAGE, MessageError, MessageReader, encode

RECEIVE = 1 << 16
# Of one turn, so that nothing else in the agent waits for it.
MOST_READS = 4
# A peer that reads nothing costs so much, and then its connection.
LONGEST_BACKLOG = 2 * LONGEST_MESSAGE

Message = dict[str, Any]


class Owner(Protocol):
    """To whom a session tells what becomes of it."""

    def session_opened(self, session: "Session") -> None:
        """Take that both sides have shown who they are."""

    def session_heard(self, session: "Session", message: Message) -> None:
        """Take a message."""

    def session_ended(self, session: "Session", why: str) -> None:
        """Take that it is over, and why."""


class Session:
    """A connection that was made or accepted; it ends after `limit_s` unless it is kept."""

    def __init__(
        self,
        scope: Scope,
        sock: socket.socket,
        context: ssl.SSLContext,
        is_server: bool,
        limit_s: float,
        owner: Owner,
    ) -> None:
        self._scope = scope.inner()
        self.owner = owner
        self._reader = MessageReader()
        self._backlog = bytearray()
        self._is_open = False
        self.is_over = False
        self.heard_at = time.monotonic()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.tls = context.wrap_socket(sock, server_side=is_server, do_handshake_on_connect=False)
        self._limit = self._scope.after(limit_s, lambda: self.close("it takes too long"))
        self._scope.watch(self.tls, self._serve, writing=True)

    def allow(self, seconds: float) -> None:
        """End it after another while than so far, unless it is kept."""
        self._limit.cancel()
        self._limit = self._scope.after(seconds, lambda: self.close("it takes too long"))

    def keep(self) -> None:
        """Let it go on without an end."""
        self._limit.cancel()

    def send(self, kind: str, **fields: Any) -> None:
        """Send a message; what the connection does not take at once waits. Raises DocumentError."""
        if self.is_over:
            return
        self._backlog += encode(kind, **fields)
        if len(self._backlog) > LONGEST_BACKLOG:
            self.close("it reads nothing")
        else:
            self._move(self._flush)

    def close(self, why: str) -> None:
        """End it, and say why to whom it belongs."""
        if self.is_over:
            return
        self.is_over = True
        self._scope.close()
        self.tls.close()
        self.owner.session_ended(self, why)

    def _serve(self, _events: int) -> None:
        if not self._is_open:
            self._move(self._shake_hands)
        if self._is_open:
            self._move(self._read)
            self._move(self._flush)

    def _move(self, act: Callable[[], None]) -> None:
        """Do something as far as it goes now."""
        if self.is_over:
            return
        try:
            act()
        except ssl.SSLWantReadError:
            self._watch(writing=False)
        except ssl.SSLWantWriteError:
            self._watch(writing=True)
        except (OSError, MessageError) as why:
            self.close(_reason(why))

    def _watch(self, writing: bool) -> None:
        self._scope.watch(self.tls, self._serve, writing=writing)

    def _shake_hands(self) -> None:
        self.tls.do_handshake()
        self._is_open = True
        self.owner.session_opened(self)

    def _flush(self) -> None:
        while self._backlog and self._is_open:
            del self._backlog[: self.tls.send(bytes(self._backlog[:RECEIVE]))]
        self._watch(writing=False)

    def _read(self) -> None:
        for _ in range(MOST_READS):
            octets = self.tls.recv(RECEIVE)
            if not octets:
                raise MessageError("the other side has hung up")
            self.heard_at = time.monotonic()
            for message in self._reader.take(octets):
                if not self.is_over:
                    self.owner.session_heard(self, message)
        # What TLS holds already wakes nobody.
        if not self.is_over and self.tls.pending():
            self._scope.after(0, lambda: self._serve(select.EPOLLIN))


def _reason(why: Exception) -> str:
    if isinstance(why, ssl.SSLCertVerificationError):
        return "it has another key than the one that was paired"
    if isinstance(why, ssl.SSLError):
        return "TLS: %s" % (why.reason or why.strerror or why)
    if isinstance(why, OSError):
        return why.strerror or str(why)
    return str(why)
