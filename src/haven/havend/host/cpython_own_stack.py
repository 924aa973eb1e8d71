# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether what comes in gets through this machine's own kernel to whoever reads it.

On one processor with other work, the kernel leaves what has come in to a thread of its own (ksoftirqd), which
waits for its turn among all others, for tenths of a second. havend goes before them all, and would take for
silence what lies there. A datagram to itself lies there as well.
"""

from haven import light_socket as socket
from haven.core.clock import MILLISECOND, SECOND
from haven.core.events import Flooded
from haven.core.vrrp import states

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from haven.core.group import Group

# What does not come back at all, as by a new rule of the firewall, is waited for no longer.
LONGEST_US = SECOND
# Several may ask in one turn, and what lay with the datagram is read in the next one.
TURN_US = MILLISECOND


class OwnStack:
    """Sends itself a datagram when a silence is to be judged."""

    def __init__(self, now: int) -> None:
        # When the datagram left that is not back.
        self._sent_at: int | None = None
        self._back_at = now - SECOND
        # Whether one has ever been back at once: a kernel may do that later in any case, or never.
        self._is_prompt = False
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            self._socket.bind(("127.0.0.1", 0))
            self._socket.connect(self._socket.getsockname())
        except OSError:
            # Without this address nothing is ever sent, and nobody late.
            pass
        self.is_late(now)

    def is_late(self, now: int) -> bool:
        """Tell whether words of others may be on their way through this kernel."""
        if now - self._back_at < TURN_US:
            return self._is_prompt
        if self._sent_at is not None:
            is_fresh, is_back = now - self._sent_at < LONGEST_US, self._is_back()
            if is_back or not is_fresh:
                self._sent_at = None
            if is_fresh:
                # What had been lying with it has not been read yet, or is not through.
                self._back_at = now if is_back else self._back_at
                return self._is_prompt
            # One that is lost is no proof for ever: the next one that is back at once counts again.
            self._is_prompt = self._is_prompt and is_back
        try:
            self._socket.send(b"\0")
        except OSError:
            return False
        if self._is_back():
            self._is_prompt = True
            return False
        self._sent_at = now
        return self._is_prompt

    def _is_back(self) -> bool:
        try:
            return bool(self._socket.recv(1))
        except OSError:
            return False

    def doubts(self, groups: "Iterable[Group]", now: int) -> "list[Flooded]":
        """Return the links whose silence is due to be judged and may be that of this kernel."""
        due = {
            (member.spec.device, member.spec.family)
            for group in groups
            for member in group.members
            if (member.deadline if group.state == states.BACKUP else group.succession.until) <= now
        }
        return [Flooded(*link) for link in sorted(due)] if due and self.is_late(now) else []

    def close(self) -> None:
        """Send nothing any more."""
        self._socket.close()
