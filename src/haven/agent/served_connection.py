# SPDX-License-Identifier: GPL-2.0-or-later
"""A connection that somebody has made to the agent: read and answered whenever it is ready, or ended."""

import select
from collections.abc import Callable
from typing import TYPE_CHECKING

from haven.agent.loop import Scope

if TYPE_CHECKING:
    from haven import light_socket as socket


class ServedConnection:
    """What is to be read and sent is the matter of who inherits this; `left` is called once at its end."""

    # What ends it when it is raised while it is served.
    ENDS: tuple[type[Exception], ...] = (OSError,)

    def __init__(self, scope: Scope, sock: "socket.socket", left: Callable[[], None] = lambda: None) -> None:
        self._scope, self._socket, self._left = scope.inner(), sock, left
        self.is_gone = False
        sock.setblocking(False)
        self._scope.watch(sock, self._serve)

    def leave(self) -> None:
        """Hang up."""
        if not self.is_gone:
            self.is_gone = True
            self._scope.close()
            self._socket.close()
            self._left()

    def _serve(self, events: int) -> None:
        try:
            if events & select.EPOLLOUT:
                self._send()
            elif events & select.EPOLLIN:
                self._read()
        except BlockingIOError:
            pass
        except self.ENDS:
            self.leave()

    def _read(self) -> None:
        """Take what has come."""

    def _send(self) -> None:
        """Send what is left. Raises BlockingIOError while there is more."""
