# SPDX-License-Identifier: GPL-2.0-or-later
"""Carry out what the engine wants, in its order, and write down what a user should know of it."""

from haven.contract.faults import faults
from haven.core import effects
from haven.core.clock import SECOND
from haven.core.value import Value
from haven.core.vrrp import states
from haven.havend import diagnosis
from haven.havend.host import system
from haven.havend.log import log
from haven.havend.restart_note import may_go_on
from haven.inet import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from haven.core.engine import Engine
    from haven.havend.address_keeper import AddressKeeper
    from haven.havend.agent_link import AgentLink
    from haven.havend.event_history import EventHistory
    from haven.havend.handovers import Handovers
    from haven.havend.last_transitions import LastTransitions
    from haven.havend.loan_holder import LoanHolder
    from haven.havend.restart_note import RestartNote
    from haven.havend.router_adverts import RouterAdverts
    from haven.havend.vrrp_sockets import VrrpSockets


class Executor:
    """Hands each effect to what can do it."""

    def __init__(
        self,
        engine: "Engine",
        sockets: "VrrpSockets",
        addresses: "AddressKeeper",
        note: "RestartNote",
        events: "EventHistory",
        transitions: "LastTransitions",
        handovers: "Handovers",
        agent: "AgentLink",
        adverts: "RouterAdverts",
        loans: "LoanHolder",
    ) -> None:
        self._agent = agent
        self._adverts = adverts
        self._loans = loans
        self._engine = engine
        self._sockets = sockets
        self._addresses = addresses
        self._note = note
        self._events = events
        self._transitions = transitions
        self._handovers = handovers
        self._now = 0
        self._active_changed = False
        # The groups that have become Active by the effects that are carried out.
        self._taken: list[str] = []
        # Whether there was more to do than to send, which may be due again at another time.
        self._has_acted = False
        # While a start or a reload looks around: what is found then has not just happened.
        self.is_finding = False
        self._acts: dict[type, Callable[[Any], None]] = {
            effects.Send: self._send,
            effects.TakeOver: self._take_over,
            effects.Release: self._release,
            effects.Reapply: self._reapply,
            effects.Announce: self._announce,
            effects.Transition: self._transition,
            effects.HandoverBegun: self._handover_begun,
            effects.HandoverEnded: self._handover_ended,
            effects.Renamed: self._renamed,
            effects.Doubted: self._doubted,
            effects.HeldBack: self._held_back,
            effects.SyncWait: self._sync_wait,
            effects.Dropped: self._dropped,
            effects.Noticed: self._noticed,
            effects.FaultsChanged: self._faults_changed,
            effects.PriorityChanged: self._priority_changed,
        }

    def perform(self, wanted: "Iterable[Value]", now: int) -> None:
        """Carry out effects in their order."""
        self._now = now
        for effect in wanted:
            if type(effect) is effects.Send:
                self._sockets.send(effect)
                self._note.spoke(effect.router)
            else:
                self._has_acted = True
                self._acts[type(effect)](effect)
        for group in self._taken:
            self._transitions.counts.add_takeover(group, system.now() - now)
        self._taken = []
        # Once for all of them: hundreds of groups may move together.
        if self._active_changed:
            self.note_active()

    def take_acted(self) -> bool:
        """Tell whether there was more to do than to send, since this was last asked."""
        acted, self._has_acted = self._has_acted, False
        return acted

    def advertise(self) -> None:
        """Send the ADVERTISEMENTs that are due, in the midst of an effect that takes long.

        Nothing is read and no timer is judged before all of the effect is done.
        """
        for effect in self._engine.advertise(system.now()):
            self._acts[type(effect)](effect)

    def _send(self, effect: effects.Send) -> None:
        self._sockets.send(effect)
        self._note.spoke(effect.router)

    def _take_over(self, effect: effects.TakeOver) -> None:
        self._addresses.take(effect.routers, self._now)
        self._adverts.take(effect.routers)
        self._loans.take(self._addresses.groups_of(effect.routers), self._now)

    def _release(self, effect: effects.Release) -> None:
        groups = self._addresses.groups_of(effect.routers)
        self._addresses.release(effect.routers)
        self._adverts.release(effect.routers, self._now)
        self._loans.release(groups, self._now)

    def _reapply(self, effect: effects.Reapply) -> None:
        if self._addresses.reapply(effect.router, self._now):
            self._sockets.announce(effect.router)

    def _announce(self, effect: effects.Announce) -> None:
        self._sockets.announce(effect.router)
        self.advertise()

    def _transition(self, effect: effects.Transition) -> None:
        self._events.add_transition(effect.router, self._transitions.record(effect))
        self._active_changed = True
        if effect.after == states.ACTIVE and effect.reason != "adopted":
            self._taken.append(effect.group)
        if (effect.before, effect.after, effect.reason) == (states.ACTIVE, states.INITIALIZE, "stop"):
            self._adverts.cease(self._members(effect.group), self._now)

    def _members(self, group: str) -> "list[str]":
        found = self._engine.groups.get(group)
        return [] if found is None else [member.spec.name for member in found.members]

    def note_active(self) -> None:
        """Leave for the next process which groups are Active now, and are to stay so."""
        self._active_changed = False
        groups = self._engine.groups
        active = [
            group
            for _name, group in sorted(groups.items())
            if group.state == states.ACTIVE and group.handover is None and may_go_on(group.spec)
        ]
        self._note.set_groups(
            [(group.spec.name, [member.spec.name for member in group.members]) for group in active],
            self._now,
        )

    def _handover_begun(self, effect: effects.HandoverBegun) -> None:
        self._active_changed = True
        self._adverts.pause(self._members(effect.group), self._now)

    def _renamed(self, effect: effects.Renamed) -> None:
        self._addresses.rename(effect.routers)
        self._adverts.rename(effect.routers)
        self._transitions.rename(effect.groups)
        self._handovers.rename(effect.groups)

    def _handover_ended(self, effect: effects.HandoverEnded) -> None:
        self._active_changed = True
        if not effect.done:
            self._adverts.resume(self._members(effect.group), self._now)
        if not effect.asked:
            return
        group = self._engine.groups.get(effect.group)
        if not effect.done and group is not None and group.state == states.ACTIVE:
            self._events.add("nobody-took-over", group=effect.group)
        self._handovers.ended(effect.group, effect.done)

    def _doubted(self, effect: effects.Doubted) -> None:
        self._agent.doubt(self._engine.groups[effect.group], self._now)

    def _held_back(self, effect: effects.HeldBack) -> None:
        self._events.add("held-back", effect.router, group=effect.group)

    def _sync_wait(self, effect: effects.SyncWait) -> None:
        if effect.left_us:
            self._events.add("sync-wait", group=effect.group, left_s=-(-effect.left_us // SECOND))
        else:
            self._events.add("sync-wait-over", group=effect.group)

    def _dropped(self, effect: effects.Dropped) -> None:
        more = " (and %d like it before)" % effect.suppressed if effect.suppressed else ""
        what = "dropped a packet from %s: %s%s" % (text_of(effect.source), effect.text, more)
        log("%s: %s" % (effect.router, what), True)

    def _noticed(self, effect: effects.Noticed) -> None:
        self._events.add_problem(diagnosis.of_notice(effect.router, effect.kind, effect.source))

    def _faults_changed(self, effect: effects.FaultsChanged) -> None:
        if effect.faults:
            code = "fault-found" if self.is_finding else "fault"
            self._events.add(code, group=effect.group, faults=faults(effect.faults))
        else:
            self._events.add("recovered", group=effect.group)

    def _priority_changed(self, effect: effects.PriorityChanged) -> None:
        if effect.maintenance:
            self._events.add("priority-maintenance", group=effect.group)
        elif effect.penalty:
            self._events.add("priority-lowered", group=effect.group, penalty=effect.penalty)
        else:
            self._events.add("priority-configured", group=effect.group)
