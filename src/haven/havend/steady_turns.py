# SPDX-License-Identifier: GPL-2.0-or-later
"""The turns in which nothing happens, with as little as they take: an Active advertises, a Backup hears that.

What a turn costs on a router with other work is the memory that it touches, and not the time that it takes
when nothing else runs.
"""

from haven.core.clock import MILLISECOND
from haven.core.engine import FEW
from haven.core.steady import advertise_due, steady_members, usual_members
from haven.havend.alarm import PUNCTUAL
from haven.havend.host import system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from haven.core.engine import Engine
    from haven.core.group import Group
    from haven.core.virtual_router import VirtualRouter
    from haven.havend.alarm import Alarm
    from haven.havend.restart_note import RestartNote
    from haven.havend.vrrp_sockets import VrrpSockets

    Ready = list[tuple[int, int]]

# A rough wait ends so much before what it is for: it may take half of that longer.
SHORT_OF = 2 * MILLISECOND


class SteadyTurns:
    """Waits for what is to be done, and advertises or hears meanwhile."""

    def __init__(
        self,
        engine: "Engine",
        poller: system.Poller,
        sockets: "VrrpSockets",
        note: "RestartNote",
        alarm: "Alarm",
    ) -> None:
        self._engine, self._poller, self._sockets = engine, poller, sockets
        self._note, self._alarm = note, alarm

    def wait(self, microseconds: int, is_rough: bool) -> "Ready":
        """Return what is ready within this time, or nothing as soon as everybody is to look at their timers.

        Where the turn before had more to do, the next one may, too.
        """
        if is_rough or not self._alarm.was_fresh or len(self._engine.routers) > FEW:
            return self._poller.wait(microseconds, is_rough)
        groups = list(self._engine.groups.values())
        speakers, until = steady_members(groups)
        listeners = [] if speakers else usual_members(groups)
        if speakers:
            ready = self._advertise(speakers, min(until, self._alarm.others_at))
        elif listeners:
            ready = self._hear(groups, listeners, self._alarm.others_at)
        else:
            return self._poller.wait(microseconds)
        self._engine.renew_deadline()
        return ready

    def _advertise(self, members: "list[VirtualRouter]", until: int) -> "Ready":
        """Advertise until then; who is late looks first whether something came meanwhile."""
        look_at, is_noted = self._alarm.look_at(), self._note.has_groups()
        while True:
            at = until
            for member in members:
                if member.deadline < at:
                    at = member.deadline
            ready = self._poller.wait(at - system.now())
            now = system.now()
            if ready or now >= until or now - at >= PUNCTUAL:
                return ready
            for effect in advertise_due(members, now):
                self._sockets.send(effect)
                if is_noted:
                    self._note.spoke(effect.router)
            if is_noted:
                self._note.write(now)
            if now >= look_at:
                return []

    def _hear(self, groups: "list[Group]", members: "list[VirtualRouter]", until: int) -> "Ready":
        """Hear the usual packets until then, or until one is missing, or another one comes."""
        receivers, look_at = self._sockets.receivers(), self._alarm.look_at()
        now = system.now()
        while True:
            at = until
            for group in groups:
                deadline = group.next_deadline()
                if deadline < at:
                    at = deadline
            self._alarm.due_at = at
            if at - now < SHORT_OF:
                return self._poller.wait(at - now)
            ready = self._poller.wait(at - now - SHORT_OF, True)
            now = system.now()
            if not ready:
                return self._poller.wait(at - now)
            receiver = receivers.get(ready[0][0]) if len(ready) == 1 else None
            if now >= at or receiver is None or not receiver.read_usual(members, now):
                return ready
            if now >= look_at:
                return []
