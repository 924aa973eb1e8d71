# SPDX-License-Identifier: GPL-2.0-or-later
"""Who waits for the end of a planned handover, and what they are told then."""

from haven.contract.control import Refusal, done, refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from haven.havend.control_server import ControlClient


class PendingHandover:
    """A request that is answered when every group of it has handed over, or has not.

    `maintenance` is what a request for maintenance asked for, and None for a switchover.
    """

    def __init__(self, client: "ControlClient", groups: "list[str]", maintenance: "bool | None") -> None:
        self.client = client
        self.left = groups
        self.maintenance = maintenance
        self.handed_over: list[str] = []
        self.stayed: list[str] = []

    def record(self, group: str, is_done: bool) -> bool:
        """Record how one group ended; tell whether that was the last."""
        if group in self.left:
            self.left.remove(group)
            (self.handed_over if is_done else self.stayed).append(group)
        return not self.left

    def answer(self) -> "dict[str, Any]":
        """Return the answer to the request."""
        if self.maintenance is not None:
            return done(
                {"on": self.maintenance, "handed_over": self.handed_over, "still_active": self.stayed}
            )
        if self.stayed:
            return refused(Refusal("nobody-took-over", groups=self.stayed))
        return done({"handed_over": self.handed_over})


class Handovers:
    """The handovers that somebody waits for."""

    def __init__(self) -> None:
        self._pending: list[PendingHandover] = []

    def add(self, client: "ControlClient", groups: "list[str]", maintenance: "bool | None" = None) -> None:
        """Let a client wait for these groups."""
        self._pending.append(PendingHandover(client, groups, maintenance))

    def rename(self, names: "dict[str, str]") -> None:
        """Know groups by other names: new ones, and what each was called."""
        called = {names[new]: new for new in names}
        for pending in self._pending:
            pending.left = [called.get(name, name) for name in pending.left]

    def ended(self, group: str, is_done: bool) -> None:
        """Answer who waited for this."""
        for pending in self._pending[:]:
            if pending.record(group, is_done):
                self._pending.remove(pending)
                pending.client.reply_at_last(pending.answer())
