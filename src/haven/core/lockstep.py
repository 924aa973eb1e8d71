# SPDX-License-Identifier: GPL-2.0-or-later
"""Virtual routers in step: they have one state, and go through the table of states together.

Its members have timers, and hear. That is why they cannot disagree.
"""

from haven.core.effects import Release, TakeOver, Transition
from haven.core.preemption import Preemption
from haven.core.spec import GroupSpec
from haven.core.trust import Trust
from haven.core.virtual_router import VirtualRouter
from haven.core.vrrp import states

TYPE_CHECKING = False
if TYPE_CHECKING:
    from haven.core.effects import Effects


class Lockstep:
    """The state of one or more virtual routers, and what is done on each event of the table."""

    def __init__(self, spec: GroupSpec, effects: "Effects") -> None:
        self.spec = spec
        self.state = states.INITIALIZE
        self.maintenance = False
        self.faults: tuple[tuple[str, str], ...] = ()
        self.penalty = 0
        # Whether every check has had a verdict: a router that does not know yet takes over from nobody alive.
        self.is_judged = True
        self.members: list[VirtualRouter] = []
        self.preemption = Preemption(spec, effects)
        self.trust = Trust()
        self._effects = effects

    def is_wary(self, now: int) -> bool:
        """Tell whether words come to nothing here, so that nothing but the protocol's own timers counts.

        What is certainly its Active's own and new is no such word, however often the group changes hands.
        """
        return self.trust.is_low(now) and not all(
            member.active_source is not None and member.proves(member.active_source)
            for member in self.members
        )

    def set_members(self, members: "list[VirtualRouter]") -> None:
        """Take the members, in an order that does not depend on how they are called."""
        self.members = sorted(
            members,
            key=lambda member: (member.spec.family, member.spec.vrid, sorted(member.spec.addresses)),
        )

    def fire(
        self,
        event: str,
        now: int,
        by: "VirtualRouter | None" = None,
        reason: str = "",
        silence: "int | None" = None,
    ) -> None:
        """Carry out the row of the table for an event, seen by one member or by none."""
        before, _event, actions, after, _section = self._row_for(event)
        peer = (by.active_source, by.shown(by.active_priority)) if by is not None else (None, None)
        if after != before:
            if before == states.ACTIVE and self._is_loss(event):
                self.preemption.hold_back.note_loss(now)
            self._enter(after, now)
        for action in actions:
            self._perform(action, self.members if by is None or after != before else [by], now)
        if after != before:
            name = None if by is None else by.spec.name
            self._effects.append(
                Transition(
                    self.spec.name, before, after, reason, name, peer[0], peer[1], silence, self.faults
                )
            )
            self._changed(event)

    def _row_for(self, event: str) -> "tuple[str, str, tuple[str, ...], str, str]":
        # All members of a group speak one protocol.
        table = self.members[0] if self.members else states
        return table.row_for(self.state, event)

    def _perform(self, action: str, members: "list[VirtualRouter]", now: int) -> None:
        if action == states.TAKE_OVER:
            for member in members:
                member.become_active(now)
            self._effects.append(TakeOver(_names(members)))
        elif action == states.RELEASE:
            self._effects.append(Release(_names(members)))
        else:
            # A rival that was heard on one link may have been followed on every link.
            for member in self.members if action == states.ANNOUNCE else members:
                member.perform(action, now, self._effects)

    def _enter(self, state: str, _now: int) -> None:
        """Begin with another state: what was reckoned in the old one is no more."""
        self.state = state
        self.preemption.forget()
        self.forget_last_accepted()

    def _is_loss(self, event: str) -> bool:
        """Tell whether an event that ends the time as Active is a reason to trust this node less."""
        # What is tracked and comes and goes moves the group by the priority.
        return event in (states.FAULT, states.STALLED) or (event == states.HIGHER_HEARD and self.penalty > 0)

    def has_lost_source(self, now: int) -> bool:
        """Tell whether an address has been gone for longer than a moment."""
        # Asked with each ADVERTISEMENT; a generator takes longer than this.
        for member in self.members:  # noqa: SIM110
            if now >= member.source_until:
                return True
        return False

    def _changed(self, event: str) -> None:
        """Take note that an event has changed the state, and all is done that it asked for."""

    def forget_last_accepted(self) -> None:
        """Check the next packet of each member anew: it may mean something else now."""
        for member in self.members:
            member.last_accepted = None


def _names(members: "list[VirtualRouter]") -> "tuple[str, ...]":
    return tuple([member.spec.name for member in members])
