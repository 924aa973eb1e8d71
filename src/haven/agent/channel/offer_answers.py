# SPDX-License-Identifier: GPL-2.0-or-later
"""Answers to routers that look for one to join, on every link, while somebody offers."""

from collections.abc import Callable

from haven import light_socket as socket
from haven.agent.loop import Scope
from haven.contract.channel import LONGEST_SEARCH, OFFER_PORT
from haven.contract.strict_json import write_json
from haven.light import suppress
from haven.peers.search import is_search

# Of one turn: a flood of them costs a moment, and no answer.
MOST_READ = 16


class OfferAnswers:
    """A socket that hears who looks; `offering` returns the name of this router while it offers."""

    def __init__(self, scope: Scope, offering: Callable[[], str]) -> None:
        self._offering = offering
        self._socket: socket.socket | None = None
        # Another program has the port, or the kernel has no IPv6: the address has to be typed.
        with suppress(OSError):
            self._socket = sock = _bound()
            scope.watch(sock, lambda _events: self._read(sock))

    def _read(self, sock: socket.socket) -> None:
        for _ in range(MOST_READ):
            try:
                octets, place = sock.recvfrom(LONGEST_SEARCH)
            except OSError:
                return
            node = self._offering()
            # Nobody beyond the link: what leaves with a link-local address stays on it.
            if node and is_search(octets) and place[0].startswith("fe80"):
                with suppress(OSError):
                    sock.sendto(write_json({"haven": 1, "offer": node}).encode(), place)

    def close(self) -> None:
        """Answer nobody any more."""
        if self._socket is not None:
            self._socket.close()


def _bound() -> socket.socket:
    sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(("::", OFFER_PORT))
    except OSError:
        sock.close()
        raise
    return sock
