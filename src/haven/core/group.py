# SPDX-License-Identifier: GPL-2.0-or-later
"""Virtual routers that change state together: by timers, by faults, and by what the user wants."""

from haven.core.clock import NEVER
from haven.core.doubt import doubt_at, end_first_wait
from haven.core.effects import (
    Doubted,
    FaultsChanged,
    HandoverBegun,
    HandoverEnded,
    HeldBack,
    PriorityChanged,
)
from haven.core.handover import MAINTENANCE, RETRY, RETRY_AFTER_US, STOP, SWITCHOVER, Handover, NoHandover
from haven.core.hearing import Hearing
from haven.core.lockstep import Lockstep
from haven.core.silence import SILENCES, reason_of, spokesman
from haven.core.spec import GroupSpec
from haven.core.tracking import (
    LinkStates,
    check_faults,
    effective_priority,
    faults_of,
    is_judged,
    is_mute,
    penalty_of,
)
from haven.core.virtual_router import EARLY, VirtualRouter
from haven.core.vrrp import states
from haven.core.vrrp.advert import Advert
from haven.core.vrrp.constants import OWNER_PRIORITY, RESIGNATION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from haven.core.effects import Effects
    from haven.core.events import KernelSilent
    from haven.core.isolation import Isolation
    from haven.core.virtual_router import Packet


class Group(Lockstep):
    """The timers, the faults and the user's wishes of one or more virtual routers in step."""

    def __init__(self, spec: GroupSpec, effects: "Effects") -> None:
        super().__init__(spec, effects)
        self.started = False
        self.retry_handover_at = NEVER
        # Whether there is another path than the links by which the Active may be found to live.
        self.has_other_path = False
        self._handover: Handover | NoHandover = NoHandover()
        self._hearing = Hearing(self)
        # What is known of being alone, where there is a witness or a majority to go by.
        self.isolation: Isolation | None = None
        self._look_for_company(None)

    @property
    def handover(self) -> "str | None":
        """Why another router is being asked to take over, or None."""
        return self._handover.purpose

    @property
    def succession(self) -> "Handover | NoHandover":
        """How another router is being asked and waited for, if it is."""
        return self._handover

    def set_spec(self, spec: GroupSpec) -> None:
        """Take other settings without any change of state."""
        self.spec = self.preemption.spec = spec
        self._look_for_company(self.isolation)

    def inherit(self, donor: "Group") -> None:
        """Be in the state of the group whose virtual routers this one takes."""
        self.state, self.started, self.faults = donor.state, donor.started, donor.faults
        self.preemption.barred = donor.preemption.barred
        self.preemption.hold_back = donor.preemption.hold_back
        self._look_for_company(donor.isolation)
        if donor.handover == STOP:
            self._handover = donor._handover

    # The table

    def _enter(self, state: str, now: int) -> None:
        super()._enter(state, now)
        self.retry_handover_at = NEVER
        self._hearing.forget_rivals()
        if self.isolation is not None:
            self.isolation.begin(now)
        if state == states.ACTIVE:
            self.preemption.barred = False
            if self.maintenance:
                self.retry_handover_at = now + RETRY_AFTER_US

    def _changed(self, event: str) -> None:
        self._end_handover(event == states.HANDED_OVER)

    # Start and end

    def startup(self, now: int, adopt: bool = False, patience_us: int = 0, reason: str = "startup") -> None:
        """Leave Initialize unless there is a fault (RFC 9568 6.4.1)."""
        self.started = True
        for member in self.members if patience_us else ():
            member.first_word_until = now + patience_us
        if self.faults or self.state != states.INITIALIZE or not self.members:
            return
        self.preemption.begin(now)
        if adopt:
            self.fire(states.STARTUP_ADOPTING, now, reason="adopted")
        elif all(member.priority == OWNER_PRIORITY for member in self.members):
            self.fire(states.STARTUP_OWNER, now, reason="owner")
        else:
            self.fire(states.STARTUP, now, reason=reason)

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
        if member.first_word_until:
            end_first_wait(self.members, now)
        if self.handover is None:
            self._hearing.hear(member, advert, packet, now)
        else:
            member.note(advert, packet[1], now)
            if advert.priority != RESIGNATION:
                self._hear_successor(member, advert, packet, now)

    def set_in_sync(self, on: bool, now: int) -> None:
        """Let preemption wait no more for the state of the Active, or let it wait anew."""
        self.preemption.set_in_sync(on, now)
        self.forget_last_accepted()

    # Timers

    def next_deadline(self) -> int:
        """Return the earliest time at which tick() has something to do."""
        soonest = self.retry_handover_at
        if self._handover.purpose is not None or self.isolation is not None:
            soonest = min(soonest, self._handover.deadline(), self._gives_up_at())
        for member in self.members:
            if member.deadline < soonest:
                soonest = member.deadline
            if member.announce_at < soonest:
                soonest = member.announce_at
            if member.source_until < soonest:
                soonest = member.source_until
            if self.has_other_path and self.state == states.BACKUP:
                soonest = min(soonest, doubt_at(member))
        return soonest

    def tick(self, now: int) -> None:
        """Do what is due."""
        if self._handover.purpose is not None and now >= self._handover.deadline():
            self._go_on_with_handover(now)
        if now >= self.retry_handover_at:
            self._begin_handover(RETRY, now)
        if self.isolation is not None and now >= self._gives_up_at():
            self.isolation.give_up(now)
        if self.state == states.BACKUP:
            self._miss([member for member in self.members if now >= member.deadline], now)
        for member in self.members:
            if self.state == states.ACTIVE:
                if now + member.spec.advert_interval_us // EARLY >= member.deadline:
                    self._effects.append(member.advertise_again(now))
            elif self.has_other_path and now >= doubt_at(member):
                self._doubt(member, now)
            if now >= member.announce_at:
                member.repeat_announcement(now, self._effects)

    def can_be_vouched_for(self, mute: bool) -> bool:
        """Tell whether it matters that another router is Active: not once that one has resigned.

        One whose link takes no packets is not waited for by a Backup whose links do.
        """
        if self.handover is not None or self.state == states.ACTIVE:
            return self.handover is None
        return not any(member.resigned for member in self.members) and (not mute or is_mute(self.members))

    def vouches(self, now: int) -> bool:
        """Tell whether this node is Active, and has lately said so on every link that takes packets."""
        return (
            self.state == states.ACTIVE
            and self.handover is None
            and not any(member.has_stalled(now) and not member.is_mute for member in self.members)
        )

    def _doubt(self, member: VirtualRouter, now: int) -> None:
        """Ask by another path whether the Active lives, when no link has told for a while."""
        member.doubted_at = now
        if all(other.doubted_at is not None or other.silent for other in self.members):
            self._effects.append(Doubted(self.spec.name))
            for other in self.members:
                # One question is for all.
                other.doubted_at = now

    def hear_nothing_from(self, event: "KernelSilent", now: int) -> None:
        """Take that the Active is silent on a link: what its Active_Down_Timer would say later."""
        place = (event.device, event.source)
        if self.state == states.BACKUP:
            meant = [each for each in self.members if (each.spec.device, each.active_source) == place]
            self._miss(meant, now, event)

    def _miss(self, members: "list[VirtualRouter]", now: int, event: "KernelSilent | None" = None) -> None:
        for member in members:
            member.silent, member.deadline = True, NEVER
        if not members or not all(other.silent for other in self.members) or self._is_held_back(now):
            return
        reason, first = reason_of(self.members, event), spokesman(self.members)
        source = first.active_source if reason in SILENCES else None
        if source is not None and first.was_followed_briefly() and not first.proves(source):
            self.trust.note_broken(source, now)
        heard_ago = None if first.heard_at is None else now - first.heard_at
        silence = heard_ago if event is None else event.silence
        self.fire(states.ACTIVE_DOWN_TIMER, now, by=first, reason=reason, silence=silence)

    def recheck_silence(self, now: int) -> None:
        """Notice that those members that are left have all been silent for long."""
        if self.state == states.BACKUP and all(member.silent for member in self.members):
            self.members[0].deadline = now

    # Alone

    def _look_for_company(self, before: "Isolation | None") -> None:
        self.isolation = None
        if self.spec.witnesses or self.spec.majority:
            # Nobody else pays for it.
            from haven.core.isolation import Isolation

            self.isolation = Isolation(self, before)

    def hear_witness(self, device: str, address: bytes, now: int) -> None:
        """Take the answer of a witness."""
        if self.isolation is not None:
            self.isolation.hear_witness(device, address, now)

    def hear_router(self, member: VirtualRouter, source: bytes, now: int) -> None:
        """Take the greeting of another router."""
        if self.isolation is not None:
            self.isolation.hear_router(member, source, now)

    def alone_on(self, now: int) -> "VirtualRouter | None":
        """Return a member on whose link this node is alone and does not serve for that, or None."""
        if self.isolation is None or self.state != states.BACKUP:
            return None
        return self.isolation.alone_on(now)

    def _gives_up_at(self) -> int:
        if self.isolation is None or self.handover is not None:
            return NEVER
        return self.isolation.deadline()

    def _is_held_back(self, now: int) -> bool:
        alone = None if self.isolation is None else self.isolation.hold_back(now)
        if alone is not None:
            self._effects.append(HeldBack(self.spec.name, alone.spec.name))
        return alone is not None

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
        self.retry_handover_at = NEVER
        self._handover = Handover(purpose, self.members, now)
        self.trust.forget_resignations()
        for action in (states.STOP_TIMERS, states.SEND_PRIORITY_ZERO):
            self._perform(action, self.members, now)
        self._effects.append(HandoverBegun(self.spec.name))

    def _go_on_with_handover(self, now: int) -> None:
        handover = self._handover
        assert isinstance(handover, Handover)
        if now < handover.until:
            if handover.says_again(now):
                self._perform(states.SEND_PRIORITY_ZERO, self.members, now)
        elif handover.heard is not None:
            self._complete_handover(handover.heard, now)
        else:
            self._call_off_handover(now)

    def _hear_successor(self, member: VirtualRouter, advert: Advert, packet: "Packet", now: int) -> None:
        """Complete a handover when whoever spoke goes on: the first word may be the last of one that yielded.

        An Active answers a priority 0 at once (RFC 9568 6.4.3), so the second word does not take long.
        """
        handover = self._handover
        assert isinstance(handover, Handover)
        member.accept(advert, packet)
        if handover.heard is member or member.is_believed_at_once:
            self._complete_handover(member, now)
            return
        if handover.heard is None:
            handover.heard = member
        # The same packet will mean something else the second time.
        member.last_accepted = None
        member.perform(states.SEND_PRIORITY_ZERO, now, self._effects)

    def _complete_handover(self, member: VirtualRouter, now: int) -> None:
        purpose = self.handover
        self.fire(states.HANDED_OVER, now, by=member, reason="handed_over")
        self.preemption.barred = purpose == SWITCHOVER
        if purpose == STOP:
            self.fire(states.SHUTDOWN, now, reason="stop")

    def _call_off_handover(self, now: int) -> None:
        if self.handover == STOP:
            self.fire(states.SHUTDOWN, now, reason="stop")
            return
        if self.maintenance:
            self.retry_handover_at = now + RETRY_AFTER_US
        for action in (states.SEND_ADVERT, states.START_ADVER_TIMER, states.ANNOUNCE):
            self._perform(action, self.members, now)
        self._end_handover(False)

    def _end_handover(self, done: bool) -> None:
        if self.handover is not None:
            self._effects.append(HandoverEnded(self.spec.name, done, self.handover != RETRY))
        self._handover = NoHandover()

    # Faults and priorities

    def follow_links(self, links: LinkStates, virtual: "dict[tuple[str, int], set[bytes]]", now: int) -> None:
        """Take the links and addresses as they are now, and change state if they ask for it."""
        faults: list[tuple[str, str]] = []
        for member in self.members:
            spec = member.spec
            present = links.source_for(spec, virtual.get((spec.device, spec.family), ()))
            source = member.lasting_source(present, links.is_up(spec.device), now)
            self._take_source(member, source, now)
            member.faults = faults_of(spec, links, source)
            faults.extend(fault for fault in member.faults if fault not in faults)
        faults.extend(check_faults(self.spec, links))
        self._judge(links, now)
        self._set_faults(tuple(faults), now)

    def _judge(self, links: LinkStates, now: int) -> None:
        """Take what tracked devices and checks make of the priority, and of the right to preempt."""
        judged, penalty = is_judged(self.spec, links), penalty_of(self.spec, self.members, links)
        if (judged, penalty) != (self.is_judged, self.penalty):
            # The same packet may mean something else now.
            self.forget_last_accepted()
        self.is_judged = judged
        if penalty != self.penalty:
            self.penalty = penalty
            self._effects.append(PriorityChanged(self.spec.name, penalty, self.maintenance))
            if self.state == states.ACTIVE and self.handover is None:
                for member in self.members:
                    member.deadline = min(member.deadline, now)
        self._apply_priority()

    def _take_source(self, member: VirtualRouter, source: "bytes | None", now: int) -> None:
        if self.state == states.ACTIVE and self.handover is None and source != member.source:
            # Who follows is to know the new address before it says anything of weight.
            member.deadline = min(member.deadline, now)
        member.set_identity(source, member.priority)

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
            self.startup(now, reason="recovered")
