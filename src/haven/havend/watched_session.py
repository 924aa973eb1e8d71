# SPDX-License-Identifier: GPL-2.0-or-later
"""A BFD session of havend's: who watches it, and how far its word is believed."""

from haven.core.clock import SECOND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from haven.core.bfd.bfd_session import BfdSession
    from haven.havend.bfd_sockets import BfdSender

# A router that speaks BFD again so soon was not dead; its failures then count only after a rest.
REGRET_US = 3 * SECOND
SHORTEST_REST_US, LONGEST_REST_US = 10 * SECOND, 600 * SECOND


class WatchedSession:
    """A session, the virtual routers that watch it, what it is sent by, and how far it is believed."""

    def __init__(self, session: "BfdSession", routers: "list[str]") -> None:
        self.session, self.routers = session, routers
        self.sender: BfdSender | None = None
        # Whether it names this router: in a configuration that all have in common that is one of them.
        self.is_own = False
        # Why there are no sockets for it, and why the last packet did not leave, if so.
        self.open_error: str | None = None
        self.send_error: str | None = None
        self.rests_until = 0
        self._rest_us = SHORTEST_REST_US
        self._told_at: int | None = None

    def note_told(self, now: int) -> None:
        """Remember that a group has taken over by its word."""
        self._told_at = now

    def regrets(self, now: int) -> bool:
        """Tell, when it is heard, whether its last word was wrong; such words then count less often."""
        told_at, self._told_at = self._told_at, None
        if told_at is None or now - told_at >= REGRET_US:
            return False
        self.rests_until = now + self._rest_us
        self._rest_us = min(LONGEST_REST_US, 2 * self._rest_us)
        return True

    def close(self) -> None:
        """Send nothing any more."""
        if self.sender is not None:
            self.sender.close()
            self.sender = None
