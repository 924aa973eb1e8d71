# SPDX-License-Identifier: GPL-2.0-or-later
"""The turns of an Active that only advertises, and to whom nothing comes: with as little as that takes.

What a turn costs on a router with other work is the memory that it touches, and not the time that it takes
when nothing else runs.
"""

from haven.core.engine import FEW
from haven.core.steady import advertise_due, steady_members
from haven.havend.alarm import PUNCTUAL
from haven.havend.host import system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from haven.core.engine import Engine
    from haven.core.virtual_router import VirtualRouter
    from haven.havend.alarm import Alarm
    from haven.havend.restart_note import RestartNote
    from haven.havend.vrrp_sockets import VrrpSockets


class SteadyTurns:
    """Advertises until something else is due, or comes in."""

    def __init__(
        self, engine: "Engine", poller: system.Poller, sockets: "VrrpSockets", note: "RestartNote"
    ) -> None:
        self._engine, self._poller, self._sockets, self._note = engine, poller, sockets, note

    def go_on(self, alarm: "Alarm", has_acted: bool) -> None:
        """Advertise for as long as the timers of others need no look; what has come in waits for its turn.

        Where there was something else to do, they do.
        """
        if has_acted or len(self._engine.routers) > FEW:
            return
        members, until = steady_members(self._engine.groups.values())
        until = min(until, alarm.idle_until())
        while members:
            at = min([member.deadline for member in members])
            if at >= until or self._poller.wait(at - system.now()):
                break
            now = system.now()
            if now - at >= PUNCTUAL:
                # Who is late looks first whether something came meanwhile.
                break
            if now >= at:
                self._advertise(members, now)
        self._engine.renew_deadline()

    def _advertise(self, members: "list[VirtualRouter]", now: int) -> None:
        for effect in advertise_due(members, now):
            self._sockets.send(effect)
            self._note.spoke(effect.router)
        self._note.write(now)
