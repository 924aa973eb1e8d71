# SPDX-License-Identifier: GPL-2.0-or-later
"""Who waits for the end of a planned handover, and what they are told then."""

from haven.contract.control import Refusal, done, refused
from haven.core.vrrp import states

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from haven.core.engine import Engine
    from haven.havend.control_server import ControlClient


class PendingHandover:
    """A request that is answered when every group of it has handed over, or has not.

    `group` is the one that a switchover was asked for by name. `maintenance` is what a request for
    maintenance asked for, and None for a switchover.
    """

    def __init__(
        self, client: "ControlClient", groups: "list[str]", group: "str | None", maintenance: "bool | None"
    ) -> None:
        self.client = client
        self.left = groups
        self.group = group
        self.maintenance = maintenance
        self.handed_over: list[str] = []
        self.stayed: list[str] = []

    def record(self, group: str, is_done: bool, is_active: bool) -> None:
        """Record how one group ended; one that is not Active any more has nothing to hand over."""
        if group in self.left:
            self.left.remove(group)
            if is_done:
                self.handed_over.append(group)
            elif is_active:
                self.stayed.append(group)

    def answer(self, is_there: bool) -> "dict[str, Any]":
        """Return the answer to the request; `is_there` tells of the group that it names."""
        if self.maintenance is not None:
            return done(
                {"on": self.maintenance, "handed_over": self.handed_over, "still_active": self.stayed}
            )
        if self.stayed:
            return refused(Refusal("nobody-took-over", groups=self.stayed))
        if self.handed_over:
            return done({"handed_over": self.handed_over})
        if self.group is None:
            return refused(Refusal("not-active"))
        return refused(Refusal("not-active-for" if is_there else "no-group", group=self.group))


class Handovers:
    """The handovers that somebody waits for."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine
        self._pending: list[PendingHandover] = []

    def add(
        self,
        client: "ControlClient",
        groups: "list[str]",
        group: "str | None" = None,
        maintenance: "bool | None" = None,
    ) -> PendingHandover:
        """Let a client wait for these groups, which are about to hand over."""
        self._pending.append(PendingHandover(client, groups, group, maintenance))
        return self._pending[-1]

    def begin(self, pending: PendingHandover) -> bool:
        """Tell whether what was prepared is still to be done; of what is not Active any more nobody hears."""
        is_wanted = pending in self._pending
        for name in pending.left[:]:
            if not self._is_active(name):
                pending.record(name, False, False)
        self._settle(pending)
        # A node goes into maintenance whether it has something to hand over or not.
        return is_wanted and (pending.maintenance is not None or bool(pending.left))

    def withdraw_maintenance(self) -> None:
        """Tell who waits for maintenance that it was ended meanwhile."""
        for pending in self._pending[:]:
            if pending.maintenance:
                self._pending.remove(pending)
                pending.client.reply_at_last(refused(Refusal("maintenance-ended")))

    def rename(self, names: "dict[str, str]") -> None:
        """Know groups by other names: new ones, and what each was called."""
        called = {names[new]: new for new in names}
        for pending in self._pending:
            pending.left = [called.get(name, name) for name in pending.left]

    def ended(self, group: str, is_done: bool) -> None:
        """Answer who waited for this."""
        for pending in self._pending[:]:
            pending.record(group, is_done, self._is_active(group))
            self._settle(pending)

    def _settle(self, pending: PendingHandover) -> None:
        if not pending.left and pending in self._pending:
            self._pending.remove(pending)
            pending.client.reply_at_last(pending.answer(pending.group in self._engine.groups))

    def _is_active(self, name: str) -> bool:
        group = self._engine.groups.get(name)
        return group is not None and group.state == states.ACTIVE
