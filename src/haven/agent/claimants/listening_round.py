# SPDX-License-Identifier: GPL-2.0-or-later
"""A round of listening on devices for a while, which ends with all that it has opened."""

from collections.abc import Callable

from haven import light_socket as socket
from haven.agent.loop import Scope


class ListeningRound:
    """Packet sockets on devices, and when their time is over."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope.inner()
        self._sockets: list[socket.socket] = []

    def end_after(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something when the round has had its time."""
        self._scope.after(seconds, act)

    def listen(
        self,
        device: str,
        ethertype: int,
        read: Callable[[socket.socket], None],
        prepare: Callable[[socket.socket], None] | None = None,
    ) -> socket.socket:
        """Hear what comes of a kind on a device, from the moment that it is bound. Raises OSError.

        `prepare` sees the socket before anything can come.
        """
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        self._sockets.append(sock)
        if prepare is not None:
            prepare(sock)
        sock.setblocking(False)
        sock.bind((device, ethertype))
        self._scope.watch(sock, lambda _events: read(sock))
        return sock

    def close(self) -> None:
        """End the round."""
        self._scope.close()
        for sock in self._sockets:
            sock.close()
