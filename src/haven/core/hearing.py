# SPDX-License-Identifier: GPL-2.0-or-later
"""What a group does about the ADVERTISEMENTs that its members hear: which event of the table each one is."""

from haven.core.handover import patience_in_maintenance
from haven.core.rivals import STAY, WAIT, YIELD, Rivals
from haven.core.vrrp import states
from haven.core.vrrp.constants import LOWEST_PRIORITY, OWNER_PRIORITY, RESIGNATION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from haven.core.lockstep import Lockstep
    from haven.core.virtual_router import Packet, VirtualRouter
    from haven.core.vrrp.advert import Advert


# Who says that it leaves is silent before so many intervals are over.
SOON = 2


class Hearing:
    """The ears of a group, and what it remembers of rivals."""

    def __init__(self, group: "Lockstep") -> None:
        self._group = group
        self._rivals = Rivals()

    def forget_rivals(self) -> None:
        """Know of no other Active, as after a change of state."""
        self._rivals.forget()

    def hear(self, member: "VirtualRouter", advert: "Advert", packet: "Packet", now: int) -> None:
        """Act on an ADVERTISEMENT that passed every check."""
        source = packet[1]
        follows = member.active_source in (None, source)
        member.note(advert, source, now)
        if advert.priority == RESIGNATION:
            self._hear_resignation(member, source, follows, now)
            return
        # One that asks for relief speaks on until somebody takes over.
        expects_silence = not self._group.maintenance and advert.priority > LOWEST_PRIORITY
        if expects_silence and not member.proves(source):
            self._group.trust.note_word(source, SOON * member.spec.advert_interval_us, now)
        if self._group.state == states.ACTIVE:
            self._hear_rival(member, advert, packet, now)
        elif self._group.state == states.BACKUP:
            self._hear_active(member, advert, packet, now)

    def _hear_resignation(self, member: "VirtualRouter", source: bytes, follows: bool, now: int) -> None:
        if self._group.state == states.ACTIVE:
            if not self._rivals.is_heard(member, now):
                member.note_stranger_leaves(source, now)
            # While asleep nobody has to be told that we are there; what else waits may say that we are not.
            if not member.has_stalled(now) and member.may_answer(now):
                self._group.fire(states.PRIORITY_ZERO, now, by=member)
        elif self._group.state == states.BACKUP and follows:
            # Its farewell may be the first that is heard of it.
            member.active_source = source
            if self._group.maintenance and _asks(member.active_priority):
                # An Active in maintenance asks now and then; the two would hand the group to and fro.
                self._wait_at_most(patience_in_maintenance(member), now)
                return
            # Where its word was worth nothing before, its silence is waited for.
            if self._is_believed(member, source, now):
                # The Active leaves the whole group; where its link is down its word does not come through.
                self._group.fire(states.PRIORITY_ZERO, now)
            self._group.trust.note_resignation(source, now)
            if not member.was_followed_briefly():
                self._group.trust.know(source)

    def _wait_at_most(self, duration: int, now: int) -> None:
        for member in self._group.members:
            member.wait_at_most(now + duration)

    def _hear_rival(self, member: "VirtualRouter", advert: "Advert", packet: "Packet", now: int) -> None:
        if member.has_stalled(now):
            member.accept(advert, packet)
            self._group.fire(states.STALLED, now, by=member, reason="stalled")
            return
        rank = member.rank_of(advert.priority, packet[1])
        interval_us = member.bounded_interval(advert, packet[1])
        if self._rivals.has_vanished(member, now) and not member.proves(packet[1]):
            self._group.trust.note_broken(packet[1], now)
        goes_on = self._rivals.hear(member, rank, interval_us, now)
        verdict = self._rivals.judge(self._group.members, member, rank, interval_us, now)
        if verdict == YIELD and not self._is_trusted(member, packet[1], interval_us, now):
            verdict = WAIT
        if verdict == YIELD:
            self._group.trust.note_yield(now)
            member.accept(advert, packet)
            self._group.fire(states.HIGHER_HEARD, now, by=member, reason="higher")
            return
        # Whoever yields says so with one more ADVERTISEMENT (HIGHER_HEARD in vrrp/states.py): only a second
        # one makes it a rival.
        if goes_on:
            member.anomalies["rival"] = (packet[1], now)
        if verdict == STAY and member.may_answer(now):
            self._group.fire(states.LOWER_HEARD, now, by=member)
        elif verdict == WAIT:
            self._announce_when_quiet(interval_us, now)

    def _is_trusted(self, member: "VirtualRouter", source: bytes, interval_us: int, now: int) -> bool:
        return (
            self._is_believed(member, source, now)
            or self._group.trust.knows(source)
            or self._rivals.has_lasted(member, interval_us, now)
        )

    def _is_believed(self, member: "VirtualRouter", source: bytes, now: int) -> bool:
        """Tell whether a single word of a router is enough."""
        return member.proves(source) or not self._group.trust.is_low(now)

    def _announce_when_quiet(self, interval_us: int, now: int) -> None:
        """Announce the addresses soon after the last word of a rival that is not judged yet."""
        for member in self._group.members:
            member.announce_soon(now + interval_us + interval_us // 2)

    def _hear_active(self, member: "VirtualRouter", advert: "Advert", packet: "Packet", now: int) -> None:
        relieves = self._is_to_relieve(member, advert, packet[1])
        if advert.priority >= member.priority:
            self._group.preemption.forget_delay()
        elif self._may_preempt(member, relieves, now):
            member.record_preempted(advert, packet)
            self._group.fire(states.LOWER_HEARD, now, by=member)
            if relieves and self._asks_everywhere() and self._is_believed(member, packet[1], now):
                self._take_over_soon(packet[1], now)
            return
        follows = member.active_source in (None, packet[1])
        if member.resigned:
            # Taken back on one link it is on all: another may bring nothing.
            for each in self._group.members:
                each.resigned = False
        member.accept(advert, packet)
        if self._group.preemption.is_delayed() or not follows:
            # The same packet will mean something else when the delay is over, or its sender is followed.
            self._group.forget_last_accepted()
        self._group.fire(states.ADVERT_ACCEPTED, now, by=member)

    def _take_over_soon(self, source: bytes, now: int) -> None:
        """Wait no longer than after a priority 0, on any link; what has asked for it is to be silent then."""
        self._group.trust.note_resignation(source, now)
        for each in self._group.members:
            each.deadline = min(each.deadline, now + each.skew_us())

    def _asks_everywhere(self) -> bool:
        """Tell whether no link has a higher word of the Active: by that one it would take the group back."""
        heard = [member.active_priority for member in self._group.members]
        return all(priority is None or _asks(priority) for priority in heard)

    def _may_preempt(self, member: "VirtualRouter", relieves: bool, now: int) -> bool:
        group = self._group
        if group.maintenance or not group.is_judged:
            return False
        if relieves:
            return group.preemption.is_due_at_once(now)
        # The owner of the addresses preempts in any case (RFC 9568 6.1).
        return group.preemption.is_due(group.spec.preempt or member.priority == OWNER_PRIORITY, now)

    def _is_to_relieve(self, member: "VirtualRouter", advert: "Advert", source: bytes) -> bool:
        """Tell whether the Active that is followed is one for want of a better, and this node is better."""
        follows = member.active_source in (None, source)
        return follows and _asks(advert.priority) and not self._group.penalty


def _asks(priority: "int | None") -> bool:
    """Tell whether an Active with this priority serves for want of a better."""
    return priority is not None and priority <= LOWEST_PRIORITY
