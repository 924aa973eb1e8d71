# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtual router that speaks CARP: what it says and hears, in place of VRRP's ADVERTISEMENTs."""

from haven.core.carp import carp_states as states
from haven.core.carp.carp_spec import CarpSpec
from haven.core.carp.counter import Counter
from haven.core.carp.packet import CarpAdvert, Digests, decode, encode
from haven.core.carp.ranking import DEAD_RATIO, UNITS_PER_SECOND, fields_of, priority_of, rank, tie
from haven.core.clock import SECOND
from haven.core.effects import Send
from haven.core.virtual_router import VirtualRouter
from haven.core.vrrp.advert import PacketError
from haven.core.vrrp.states import START_ADVER_TIMER, STOP_TIMERS
from haven.core.vrrp.timing import CLOCKS_DIFFER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from haven.core.effects import Effects
    from haven.core.spec import RouterSpec
    from haven.core.virtual_router import Packet, Rank

# A rival that is no better is to yield to our answer. After so many words of it, an equal counts addresses
# the other way round, and whoever is less takes our numbers for old ones: those of a router that was
# started again, with a clock that stands where it did before.
RIVAL_WORDS = 4
# Routers that speak in the same moment are not to say the same number.
STEPS = 16


class CarpRouter(VirtualRouter):
    """The part of CARP that each member of a group does for itself; a priority is a rank (ranking.py)."""

    spec: CarpSpec
    row_for = staticmethod(states.row_for)
    # A master that leaves is answered by nobody but haven: who speaks next has taken over.
    is_believed_at_once = True

    def __init__(self, spec: CarpSpec, counter: "Counter | None" = None) -> None:
        self.counter = counter or Counter()
        self._digests = _digests(spec)
        self._rival_words = 0
        self._speaks = False
        # The number in what is made to be sent next.
        self._number = self.counter.start
        super().__init__(spec)

    def set_spec(self, spec: "RouterSpec") -> None:
        """Take other settings without any change of state."""
        super().set_spec(spec)
        self._digests = _digests(self.spec)

    def shown(self, priority: "int | None") -> "int | None":
        """Return a rank as the priority that goes with its advskew by default."""
        return None if priority is None else priority_of(fields_of(priority)[2])

    # What is heard

    def is_last_accepted(self, packet: "Packet") -> bool:
        """Tell that no packet is the last one again: that would be a replay."""
        return False

    def check(self, packet: "Packet") -> "Any":
        """Return the advertisement after every check. Raises PacketError for the first that fails."""
        message, source, _destination, _ttl = packet
        self.check_way(packet)
        advert = decode(message)
        if not self._digests.fit(advert):
            raise PacketError("digest", "its password or its addresses are not ours")
        if source == self.source:
            raise PacketError("source", "it comes from our own address: another machine has it, too")
        if not self.counter.accept(advert.counter, source):
            raise PacketError("replay", "its counter was heard before: it is a replay")
        advert.priority = rank(advert.demote, advert.advbase, advert.advskew, self.spec.advbase())
        return advert

    def note(self, advert: "Any", source: bytes, now: int) -> None:
        """Count an accepted advertisement and remember what is odd about it."""
        self.counters.received += 1
        self.heard_at = now
        self._set_anomaly("standing", not self.counter.stands(source), source, now)
        if advert.priority == 0:
            self.counters.priority_zero_received += 1
            return
        self._set_anomaly("interval", advert.advbase == self.spec.advbase(), source, now)
        if self._speaks and advert.priority <= self.priority:
            self._rival_words += 1
            if self._rival_words % RIVAL_WORDS == 0:
                self.counter.leap()

    def bounded_interval(self, advert: "Any", source: bytes) -> int:
        """Return the time between two advertisements that an Active says, as far as it can be believed."""
        said_us: int = advert.advbase * SECOND + advert.advskew * SECOND // UNITS_PER_SECOND
        return min(said_us, DEAD_RATIO * self.spec.advert_interval_us)

    def accept(self, advert: "Any", packet: "Packet") -> None:
        """Remember the Active that a Backup follows."""
        super().accept(advert, packet)
        self.active_adver_interval_us = self.bounded_interval(advert, packet[1])

    def rank_of(self, priority: int, source: bytes) -> "Rank":
        """Return the rank of a router on this link; an equal that goes on and on is let have it."""
        goes_on = source != self.source and priority == self.priority and self._rival_words >= RIVAL_WORDS
        return (priority, b"\xff" * 17 if goes_on else tie(source)) + self._tie

    def proves(self, source: bytes) -> bool:
        """Tell whether a router counts, so that a copy of its words is seen, as far as it can be.

        Whoever says one and falls silent has died, and to wait before yielding would leave two Actives.
        """
        return not self.counter.stands(source)

    def become_active(self, now: int) -> None:
        """Begin as Active: nobody else is, and the first announcement is owed at once."""
        self._rival_words = 0
        super().become_active(now)

    # Timers

    def skew_us(self) -> int:
        """Return how much longer than the first of the Backups this one waits."""
        return fields_of(self.priority)[2] * SECOND // UNITS_PER_SECOND

    def longest_skew_us(self, interval_us: int) -> int:
        """Return the same of the last of all Backups; ucarp reads up to a second late besides."""
        return 2 * SECOND

    def patience_us(self, interval_us: int) -> int:
        """Return how long an Active may be silent: that goes by the own advbase, whatever the Active says."""
        return DEAD_RATIO * self.spec.advert_interval_us + self.skew_us()

    def has_stalled(self, now: int) -> bool:
        """Tell whether this Active has said nothing for so long that another may have taken over by now."""
        base_us = self.spec.advert_interval_us
        return now - self._sent_at > DEAD_RATIO * base_us - base_us // CLOCKS_DIFFER

    # What the table asks for

    def perform(self, action: str, now: int, effects: "Effects") -> None:
        """Carry out one action of the table."""
        if action in (START_ADVER_TIMER, STOP_TIMERS):
            self._speaks = action == START_ADVER_TIMER
        if action == START_ADVER_TIMER:
            self.deadline = now + self.spec.advert_interval_us + self.skew_us()
        elif action == states.TREAT_AS_DOWN:
            self.deadline = now
        elif action == states.SEND_LAST_WORD:
            if self.active_priority != self.priority:
                effects.append(self._advertise(now))
            else:
                # An equal that heard its own rank would yield as well, as OpenBSD; so it hears of none.
                self.resign(now, effects)
        else:
            super().perform(action, now, effects)

    def advertise_again(self, now: int) -> Send:
        """Do for the Adver_Timer what its row in the table says, and return what is to leave."""
        said = super().advertise_again(now)
        self.perform(START_ADVER_TIMER, now, [])
        return said

    def advertisement(self) -> Send:
        """Return what an Active says of itself next; it is made before it is needed."""
        if self._send is None or self._number != self._next():
            self._send = self._message(self.priority)
        return self._send

    def vouching(self, now: int) -> Send:
        """Return what an Active says of itself by another path: the link is to bring another number."""
        said = self.advertisement()
        self._said()
        return said

    def _advertise(self, now: int) -> Send:
        # What was made before may have a number that is behind by now.
        self.advertisement()
        said = super()._advertise(now)
        self._said()
        return said

    def resign(self, now: int, effects: "Effects") -> None:
        """Say that this router leaves."""
        super().resign(now, effects)
        self._said()

    def _said(self) -> None:
        self.counter.say(self._number)
        self._send = None

    def _next(self) -> int:
        return self.counter.next(1 + (self.source or b"\0")[-1] % STEPS)

    def _message(self, priority: int) -> Send:
        spec, self._number = self.spec, self._next()
        demote, advbase, advskew = fields_of(priority)
        digest = self._digests.of(self._number)
        message = encode(CarpAdvert(spec.vrid, advbase, advskew, demote, self._number, digest))
        return Send(spec.name, self.source or b"", tuple([(to, message) for to in spec.destinations()]))


def _digests(spec: CarpSpec) -> Digests:
    return Digests(spec.auth or b"", spec.vrid, spec.hashed or spec.addresses)


def carp_router(spec: "RouterSpec", counter: "Counter | None") -> CarpRouter:
    """Return the virtual router for a specification of one that speaks CARP."""
    assert isinstance(spec, CarpSpec)
    return CarpRouter(spec, counter)
