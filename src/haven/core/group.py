# SPDX-License-Identifier: GPL-2.0-or-later
"""Virtual routers that change state together.

The group has the state; its members have timers, and hear. That is why members cannot disagree.
"""

from haven.core.clock import MILLISECOND, NEVER, SECOND
from haven.core.effects import (
    FaultsChanged,
    HandoverEnded,
    PriorityChanged,
    Release,
    SyncWait,
    TakeOver,
    Transition,
)
from haven.core.spec import GroupSpec
from haven.core.tracking import LinkStates, effective_priority, faults_of, penalty_of
from haven.core.virtual_router import VirtualRouter
from haven.core.vrrp import states
from haven.core.vrrp.advert import Advert
from haven.core.vrrp.constants import OWNER_PRIORITY
from haven.core.vrrp.timing import skew_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from haven.core.effects import Effects
    from haven.core.virtual_router import Packet

# Why an Active waits for another to take over.
STOP = "stop"
SWITCHOVER = "switchover"
MAINTENANCE = "maintenance"
RETRY = "asking"

# How long past the longest Skew_Time a handover waits for the next Active to be heard.
HANDOVER_MARGIN_US = 100 * MILLISECOND
# In maintenance, and still Active because nobody else could be: ask again now and then.
RETRY_HANDOVER_AFTER = 10 * SECOND
# An advertisement may leave this part of its interval early, to share a wake-up with others.
EARLY = 16


class Group:
    """The state, the faults and the user's wishes of one or more virtual routers."""

    def __init__(self, spec: GroupSpec, effects: "Effects") -> None:
        self.spec = spec
        self.state = states.INITIALIZE
        self.started = False
        self.maintenance = False
        self.penalty = 0
        self.faults: tuple[tuple[str, str], ...] = ()
        self.members: list[VirtualRouter] = []
        self.handover: str | None = None
        self.handover_until = NEVER
        self.retry_handover_at = NEVER
        # After a switchover the node stays Backup although its priority may be the higher one.
        self.preempt_barred = False
        self._preempt_from: int | None = None
        self.in_sync = False
        self._sync_wait_until = 0
        self._waits_for_sync = False
        self._effects = effects

    def set_members(self, members: "list[VirtualRouter]") -> None:
        """Take the members, in an order that is the same on every node.

        Names, devices and the order in the configuration are a node's own, and one VRID may be on two links.
        """
        self.members = sorted(
            members,
            key=lambda member: (member.spec.family, member.spec.vrid, sorted(member.spec.addresses)),
        )

    # The table

    def fire(
        self,
        event: str,
        now: int,
        by: "VirtualRouter | None" = None,
        reason: str = "",
        silence: "int | None" = None,
    ) -> None:
        """Carry out the row of the table for an event, seen by one member or by none."""
        before, _event, actions, after, _section = states.row_for(self.state, event)
        peer = (by.active_source, by.active_priority) if by is not None else (None, None)
        if after != before:
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
            self._end_handover(event == states.HANDED_OVER)

    def _perform(self, action: str, members: "list[VirtualRouter]", now: int) -> None:
        names = tuple(member.spec.name for member in members)
        if action == states.TAKE_OVER:
            for member in members:
                member.become_active()
            self._effects.append(TakeOver(names))
        elif action == states.RELEASE:
            self._effects.append(Release(names))
        else:
            # A rival that was heard on one link may have been followed on every link.
            for member in self.members if action == states.ANNOUNCE else members:
                member.perform(action, now, self._effects)

    def _enter(self, state: str, now: int) -> None:
        self.state = state
        self._preempt_from = None
        self._waits_for_sync = False
        self.retry_handover_at = NEVER
        self._forget_last_accepted()
        for member in self.members:
            member.rival_until = 0
        if state == states.ACTIVE:
            self.preempt_barred = False
            if self.maintenance:
                self.retry_handover_at = now + RETRY_HANDOVER_AFTER

    # Start and end

    def startup(self, now: int, adopt: bool = False) -> None:
        """Leave Initialize unless there is a fault (RFC 9568 6.4.1)."""
        self.started = True
        if self.faults or self.state != states.INITIALIZE or not self.members:
            return
        self._sync_wait_until = now + self.spec.sync_wait_us
        if adopt:
            self.fire(states.STARTUP_ADOPTING, now, reason="adopted")
        elif all(member.priority == OWNER_PRIORITY for member in self.members):
            self.fire(states.STARTUP_OWNER, now, reason="owner")
        else:
            self.fire(states.STARTUP, now, reason="startup")

    def shutdown(self, now: int) -> None:
        """End in Initialize; an Active keeps its addresses until another has taken over."""
        self.started = False
        if self.state == states.ACTIVE:
            self._begin_handover(STOP, now)
        else:
            self.fire(states.SHUTDOWN, now, reason="stop")

    def drop(self, now: int) -> None:
        """End in Initialize at once."""
        self.started = False
        self.fire(states.SHUTDOWN, now, reason="stop")

    # What is heard

    def hear(self, member: VirtualRouter, advert: Advert, packet: "Packet", now: int) -> None:
        """Act on an ADVERTISEMENT that passed every check."""
        source = packet[1]
        follows = member.active_source in (None, source)
        member.note(advert, source, now)
        if advert.priority == 0:
            self._hear_resignation(member, source if follows else None, now)
        elif self.state == states.ACTIVE:
            self._hear_rival(member, advert, packet, now)
        elif self.state == states.BACKUP:
            self._hear_active(member, advert, packet, now)

    def _hear_resignation(self, member: VirtualRouter, active: "bytes | None", now: int) -> None:
        if self.state == states.ACTIVE and self.handover is None:
            self.fire(states.PRIORITY_ZERO, now, by=member)
        elif self.state == states.BACKUP and active is not None:
            if self.maintenance and member.active_priority == 1:
                # The Active is in maintenance, too: the two would hand the group to and fro.
                return
            # Its farewell may be the first that is heard of it.
            member.active_source = active
            # The Active leaves the whole group; where its link is down its word does not come through.
            self.fire(states.PRIORITY_ZERO, now)

    def _hear_rival(self, member: VirtualRouter, advert: Advert, packet: "Packet", now: int) -> None:
        source = packet[1]
        late = member.has_stalled(now)
        if self.handover is not None:
            member.accept(advert, packet)
            self._complete_handover(member, now)
            return
        member.record_rival(advert, now)
        decides = self._judges_rival(member, now)
        better = (advert.priority, source) > (member.priority, member.source or b"")
        if late or (decides and better):
            member.accept(advert, packet)
            event, reason = (states.STALLED, "stalled") if late else (states.HIGHER_HEARD, "higher")
            self.fire(event, now, by=member, reason=reason)
            return
        # Whoever yields says so with one more ADVERTISEMENT (HIGHER_HEARD in vrrp/states.py): only a second
        # one makes it a rival.
        if now > member.rival_since:
            member.anomalies["rival"] = (source, now)
        if decides:
            self.fire(states.LOWER_HEARD, now, by=member)

    def _judges_rival(self, member: VirtualRouter, now: int) -> bool:
        """Tell whether a rival is to be judged by what this link says of it.

        Addresses, or priorities that are not alike, may rank two nodes one way on one link and the other
        way on the next; were each link to decide for itself, both nodes would yield. So the first link
        that hears the rival decides, and those after it wait long enough for it to be heard there.
        """
        patience = 0
        for other in self.members[: self.members.index(member)]:
            if other.rival_until > now:
                return False
            patience = max(patience, other.own_active_down_interval())
        return now - member.rival_since >= patience

    def _hear_active(self, member: VirtualRouter, advert: Advert, packet: "Packet", now: int) -> None:
        if advert.priority >= member.priority:
            self._preempt_from = None
        elif self._may_preempt(member, now):
            member.record_preempted(advert, packet)
            self.fire(states.LOWER_HEARD, now, by=member)
            return
        member.accept(advert, packet)
        if self._preempt_from is not None:
            # The same packet will mean something else when the delay is over.
            self._forget_last_accepted()
        self.fire(states.ADVERT_ACCEPTED, now, by=member)

    def _may_preempt(self, member: VirtualRouter, now: int) -> bool:
        # The owner of the addresses preempts in any case (RFC 9568 6.1).
        wanted = self.spec.preempt or member.priority == OWNER_PRIORITY
        if not wanted or self.preempt_barred or self.maintenance:
            return False
        if self._preempt_from is None:
            self._preempt_from = now + self.spec.preempt_delay_us
        if now < self._preempt_from:
            return False
        held = not self.in_sync and now < self._sync_wait_until
        if held != self._waits_for_sync and not self.in_sync:
            self._effects.append(SyncWait(self.spec.name, self._sync_wait_until - now if held else 0))
        self._waits_for_sync = held
        return not held

    def sync_wait_left(self, now: int) -> "int | None":
        """Return how much longer preemption waits for the connections at the most, or None."""
        return max(0, self._sync_wait_until - now) if self._waits_for_sync else None

    def set_in_sync(self, on: bool, now: int) -> None:
        """Let preemption wait no more for the state of the Active, or let it wait anew."""
        if self.in_sync and not on:
            self._sync_wait_until = now + self.spec.sync_wait_us
        self.in_sync, self._waits_for_sync = on, False
        self._forget_last_accepted()

    def _forget_last_accepted(self) -> None:
        for member in self.members:
            member.last_accepted = None

    # Timers

    def next_deadline(self) -> int:
        """Return the earliest time at which tick() has something to do."""
        soonest = min(self.handover_until, self.retry_handover_at)
        for member in self.members:
            if member.deadline < soonest:
                soonest = member.deadline
            if member.announce_at < soonest:
                soonest = member.announce_at
        return soonest

    def tick(self, now: int) -> None:
        """Do what is due."""
        if now >= self.handover_until:
            self._call_off_handover(now)
        if now >= self.retry_handover_at:
            self._begin_handover(RETRY, now)
        for member in self.members:
            if self.state == states.ACTIVE:
                if now + member.spec.advert_interval_us // EARLY >= member.deadline:
                    self.fire(states.ADVER_TIMER, now, by=member)
            elif now >= member.deadline:
                self._hear_nothing(member, now)
            if now >= member.announce_at:
                member.repeat_announcement(now, self._effects)

    def _hear_nothing(self, member: VirtualRouter, now: int) -> None:
        member.silent = True
        member.deadline = NEVER
        if not all(other.silent for other in self.members):
            return
        reason = "silence"
        if any(other.resigned for other in self.members):
            reason = "resigned"
        elif any(other.lower_heard for other in self.members):
            reason = "preempt"
        # The address of the first link tells a person more than whichever timer was the last; a link that is
        # cut has heard nobody.
        heard = [other for other in self.members if other.active_source is not None]
        first = (heard or self.members)[0]
        silence = None if first.heard_at is None else now - first.heard_at
        if silence is None and reason == "silence":
            reason = "nobody"
        self.fire(states.ACTIVE_DOWN_TIMER, now, by=first, reason=reason, silence=silence)

    def recheck_silence(self, now: int) -> None:
        """Notice that those members that are left have all been silent for long."""
        if self.state == states.BACKUP and all(member.silent for member in self.members):
            self.members[0].deadline = now

    # Handover

    def switchover(self, now: int) -> None:
        """Ask another router to take over, and keep the addresses until one has."""
        self._begin_handover(SWITCHOVER, now)

    def set_maintenance(self, on: bool, now: int) -> None:
        """Stand back from now on, or be a candidate again."""
        if on == self.maintenance:
            return
        self.maintenance = on
        self._apply_priority()
        self._effects.append(PriorityChanged(self.spec.name, self.penalty, on))
        if on and self.state == states.ACTIVE:
            self._begin_handover(MAINTENANCE, now)
        elif not on:
            self.retry_handover_at = NEVER
            if self.handover in (MAINTENANCE, RETRY):
                self._call_off_handover(now)

    def _begin_handover(self, purpose: str, now: int) -> None:
        if self.handover == STOP:
            return
        self.handover = purpose
        self.retry_handover_at = NEVER
        longest = max(skew_time(each.spec.version, 0, each.spec.advert_interval_us) for each in self.members)
        self.handover_until = now + longest + HANDOVER_MARGIN_US
        for action in (states.STOP_TIMERS, states.SEND_PRIORITY_ZERO):
            self._perform(action, self.members, now)

    def _complete_handover(self, member: VirtualRouter, now: int) -> None:
        purpose = self.handover
        self.fire(states.HANDED_OVER, now, by=member, reason="handed_over")
        self.preempt_barred = purpose == SWITCHOVER
        if purpose == STOP:
            self.fire(states.SHUTDOWN, now, reason="stop")

    def _call_off_handover(self, now: int) -> None:
        if self.handover == STOP:
            self.fire(states.SHUTDOWN, now, reason="stop")
            return
        if self.maintenance:
            self.retry_handover_at = now + RETRY_HANDOVER_AFTER
        for action in (states.SEND_ADVERT, states.START_ADVER_TIMER, states.ANNOUNCE):
            self._perform(action, self.members, now)
        self._end_handover(False)

    def _end_handover(self, done: bool) -> None:
        # To ask again is our own idea: nobody waits to hear how it ended.
        if self.handover not in (None, RETRY):
            self._effects.append(HandoverEnded(self.spec.name, done))
        self.handover = None
        self.handover_until = NEVER

    # Faults and priorities

    def follow_links(
        self, machine: LinkStates, virtual: "dict[tuple[str, int], set[bytes]]", now: int
    ) -> None:
        """Take the links and addresses as they are now, and change state if they ask for it."""
        faults: list[tuple[str, str]] = []
        for member in self.members:
            spec = member.spec
            source = machine.source_for(spec, virtual.get((spec.device, spec.family), ()))
            member.set_identity(source, member.priority)
            member.faults = faults_of(spec, machine, source)
            faults.extend(fault for fault in member.faults if fault not in faults)
        penalty = penalty_of([member.spec for member in self.members], machine)
        if penalty != self.penalty:
            self.penalty = penalty
            self._effects.append(PriorityChanged(self.spec.name, penalty, self.maintenance))
        self._apply_priority()
        self._set_faults(tuple(faults), now)

    def _apply_priority(self) -> None:
        for member in self.members:
            member.set_identity(
                member.source, effective_priority(member.spec, self.penalty, self.maintenance)
            )

    def _set_faults(self, faults: "tuple[tuple[str, str], ...]", now: int) -> None:
        if faults != self.faults:
            self.faults = faults
            self._effects.append(FaultsChanged(self.spec.name, faults))
        if faults and self.state != states.INITIALIZE:
            self.fire(states.FAULT, now, reason="fault")
        elif not faults and self.started:
            self.startup(now)
