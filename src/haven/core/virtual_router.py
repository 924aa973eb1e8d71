# SPDX-License-Identifier: GPL-2.0-or-later
"""One virtual router: its timers, what it hears, and what that means."""

from haven.core.announcements import Announcements
from haven.core.clock import NEVER, SECOND
from haven.core.counters import Counters
from haven.core.effects import Send
from haven.core.spec import RouterSpec
from haven.core.vrrp import states
from haven.core.vrrp.advert import (
    Advert,
    PacketError,
    check_contents,
    decode,
    encode,
    same_addresses,
)
from haven.core.vrrp.constants import OWNER_PRIORITY, TTL
from haven.core.vrrp.settings import check_settings, has_settings
from haven.core.vrrp.timing import active_down_interval, skew_time, soonest_takeover

TYPE_CHECKING = False
if TYPE_CHECKING:
    from haven.core.auth.authenticator import Authenticator
    from haven.core.effects import Effects

    # The message, its source and destination, and its TTL.
    Packet = tuple[bytes, bytes, bytes, int]
    # Priority and source address first.
    Tie = tuple[int, int, tuple[bytes, ...], str]
    Rank = tuple[int, bytes, int, int, tuple[bytes, ...], str]

# So many answers at once, and then one for each of so many parts of an interval: a rival that is real needs
# one answer, and whoever forges words gets no more out of this router than this.
ANSWERS_AT_ONCE = 3
ANSWERS_PER_INTERVAL = 8
# How many Active_Down_Intervals a silence may be doubted for.
DOUBT = 3
# How long the address of a device may be gone, or an interval if that is longer.
MOMENT = SECOND
# An Active that was heard for fewer intervals than this was hardly one.
BRIEF = 2
# An ADVERTISEMENT may leave this part of its interval early, to share a wake-up with others.
EARLY = 16
# An Active says its interval itself (RFC 9568 5.2.7), and one forged word may say 40.95 s: so many of our own
# are believed, and RFC 9568's default, which an Active may have while we are faster.
INTERVALS_BELIEVED = 4
INTERVAL_BELIEVED_US = SECOND


class VirtualRouter(Announcements):
    """The part of the protocol that each member of a group does for itself.

    `deadline` is the Adver_Timer of an Active and the Active_Down_Timer of a Backup.
    """

    # Its rows of the table of states.
    row_for = staticmethod(states.row_for)
    # Whether one word of another Active is proof that it goes on.
    is_believed_at_once = False

    def __init__(self, spec: RouterSpec) -> None:
        super().__init__(spec)
        self.spec = spec
        self._tie = _tie_of(spec)
        self.source: bytes | None = None
        self.priority = spec.priority
        self.faults: tuple[tuple[str, str], ...] = ()
        self.counters = Counters()
        # What was last noticed about other routers that a user should know: kind -> (source, when).
        self.anomalies: dict[str, tuple[bytes, int]] = {}
        # And of each reason to drop a packet, whose the last one was: reason -> (source, when).
        self.drops: dict[str, tuple[bytes, int]] = {}
        # Where there is a key, who signs and checks.
        self.auth: Authenticator | None = None
        self.deadline = NEVER
        # Until when an address that is gone is spoken from.
        self.source_until = NEVER
        # Until when a router that has just joined others waits for the first word of them.
        self.first_word_until = 0
        # Since when the link has taken nothing, or something again; whether it counts as mute.
        self.refused_since: int | None = None
        self.taken_since: int | None = None
        self.is_mute = False
        self._active_since = NEVER
        # When this Active last said that it is there.
        self._sent_at = -NEVER
        self._answers = ANSWERS_AT_ONCE
        self._answered_at = 0
        self._send: Send | None = None
        self.forget_active()

    def forget_active(self) -> None:
        """Know of no Active, as at start."""
        self.active_source: bytes | None = None
        self.active_priority: int | None = None
        self.heard_at: int | None = None
        self.active_adver_interval_us = self.spec.advert_interval_us
        self.silent = False
        self.doubted_at: int | None = None
        # How much longer it is waited for since when, because this node was late itself.
        self.borne: tuple[int, int] = (0, 0)
        self.resigned = False
        self.lower_heard = False
        self.last_accepted: Packet | None = None
        # How long its sender may be silent, as long as nothing has changed since; 0 before it is known.
        self._usual_patience_us = 0
        self._accepted_interval_us: int | None = None
        self.followed_since: int | None = None

    def lasting_source(self, present: "bytes | None", up: bool, now: int) -> "bytes | None":
        """Return the address to go by: one that is gone for a moment, while its device is up, is kept.

        An interface that is set up anew takes its address away and gives it back.
        """
        if present is not None or self.source is None or not up:
            self.source_until = NEVER
            return present
        if self.source_until == NEVER:
            self.source_until = now + max(self.spec.advert_interval_us, MOMENT)
        if now < self.source_until:
            return self.source
        self.source_until = NEVER
        return None

    def set_identity(self, source: "bytes | None", priority: int) -> None:
        """Take the source address and the priority to speak with from now on."""
        if (source, priority) != (self.source, self.priority):
            self.source, self.priority = source, priority
            self._send = None
            self.last_accepted = None

    def set_spec(self, spec: RouterSpec) -> None:
        """Take other settings without any change of state."""
        self.spec = spec
        self._tie = _tie_of(spec)
        self._send = None
        self.last_accepted = None

    # What is heard

    def is_last_accepted(self, packet: "Packet") -> bool:
        """Tell whether a packet is the very one that was accepted last, so that it needs no check."""
        return self.last_accepted == packet

    def has_usual_packet(self) -> bool:
        """Tell whether the very packet that was accepted last can come again as it is."""
        last = self.last_accepted
        return self.auth is None and last is not None and self.is_last_accepted(last)

    def hear_repeated(self, now: int) -> None:
        """Do for the usual packet what its row in the table says."""
        self.counters.received += 1
        self.heard_at = now
        self.silent, self.doubted_at = False, None
        if not self._usual_patience_us:
            self._usual_patience_us = self.active_down_us()
        self.deadline = now + self._usual_patience_us

    def check_way(self, packet: "Packet") -> None:
        """Raise PacketError for a packet that did not come from where it may."""
        spec = self.spec
        if spec.unicast_peers and packet[1] not in spec.unicast_peers:
            raise PacketError("source", "it is not from a unicast peer")
        # Routers between the peers take from the TTL, and nobody behind them can send with a higher one.
        if packet[3] < TTL - (spec.unicast_hops if spec.unicast_peers else 0):
            raise PacketError("ttl", "TTL %d is too low" % packet[3])

    def check(self, packet: "Packet") -> Advert:
        """Return the ADVERTISEMENT after every check (RFC 9568 7.1; RFC 3768 7.1).

        The Active that is followed may have other settings than we since its reload, or ours: it lives, and
        two would be Active if we took it for dead. Raises PacketError for the first check that fails.
        """
        message, source, destination, _ttl = packet
        spec = self.spec
        self.check_way(packet)
        advert = decode(message, source, destination)
        check_contents(advert, spec.family)
        if source == self.source:
            raise PacketError("source", "it comes from our own address: another machine has it, too")
        if source != self.active_source:
            check_settings(advert, spec)
        return advert

    def note(self, advert: Advert, source: bytes, now: int) -> None:
        """Count an accepted ADVERTISEMENT and remember what is odd about it."""
        self.counters.received += 1
        self.heard_at = now
        if advert.priority == 0:
            self.counters.priority_zero_received += 1
            return
        self._set_anomaly("addresses", same_addresses(self.spec.addresses, advert.addresses), source, now)
        self._set_anomaly("interval", advert.interval_us == self.spec.advert_interval_us, source, now)
        # Of anybody else check() has seen that they are ours.
        fine = source != self.active_source or has_settings(advert, self.spec)
        self._set_anomaly("settings", fine, source, now)
        self._set_anomaly(
            "owner", advert.priority != OWNER_PRIORITY or self.spec.priority != OWNER_PRIORITY, source, now
        )

    def _set_anomaly(self, kind: str, fine: bool, source: bytes, now: int) -> None:
        if not fine:
            self.anomalies[kind] = (source, now)
        elif kind in self.anomalies and self.anomalies[kind][0] == source:
            del self.anomalies[kind]

    def accept(self, advert: Advert, packet: "Packet") -> None:
        """Remember the Active that a Backup follows."""
        self._accepted_interval_us = self.bounded_interval(advert, packet[1])
        if packet[1] != self.active_source:
            self.followed_since = self.heard_at
        self.active_source = packet[1]
        self.active_priority = advert.priority
        self.silent = self.resigned = self.lower_heard = False
        self.doubted_at = None
        self.last_accepted, self._usual_patience_us = packet, 0

    def record_preempted(self, advert: Advert, packet: "Packet") -> None:
        """Remember an Active that a Backup is about to preempt."""
        self.active_source = packet[1]
        self.active_priority = advert.priority
        self.lower_heard = True
        self.last_accepted = None

    def doubt_silence(self, now: int) -> None:
        """Wait for one more ADVERTISEMENT, as one may have been lost in a flood; a flood cannot hide a death.

        The third Active_Down_Interval without any word is the last.
        """
        if self.heard_at is None or self.deadline == NEVER or self.resigned:
            return
        longest = self.heard_at + DOUBT * self.active_down_us()
        self.deadline = max(self.deadline, min(now + self.active_adver_interval_us, longest))

    def advertisement(self) -> "Send":
        """Return what an Active says of itself; it is made once, and can be so before it is needed."""
        if self._send is None:
            self._send = self._message(self.priority)
        return self._send

    def signed(self, now: int, send: "Send | None" = None) -> "Send":
        """Return what an Active says, or another word, as it is to leave now."""
        send = send or self.advertisement()
        return send if self.auth is None else self.auth.seal(send, now)

    def vouching(self, now: int) -> "Send":
        """Return what an Active says of itself by another path than its link."""
        return self.signed(now)

    def shown(self, priority: "int | None") -> "int | None":
        """Return a priority, heard or own, as a user knows it."""
        return priority

    def rank(self) -> "Rank":
        """Return what decides between Actives: priority and address (RFC 9568 6.4.3), then what all know."""
        return self.rank_of(self.priority, self.source or b"")

    def rank_of(self, priority: int, source: bytes) -> "Rank":
        """Return the rank of a router on this link; the device decides last, of twins on two links."""
        return (priority, source) + self._tie

    def bounded_interval(self, advert: Advert, source: bytes) -> int:
        """Return the interval that an Active says, as far as it can be believed."""
        believed = max(INTERVALS_BELIEVED * self.spec.advert_interval_us, INTERVAL_BELIEVED_US)
        if source == self.active_source:
            believed = max(believed, self.active_adver_interval_us)
        return min(advert.interval_us, believed)

    def was_followed_briefly(self) -> bool:
        """Tell whether the Active that is silent now had said no more than a word or two."""
        if self.heard_at is None or self.followed_since is None:
            return False
        return self.heard_at - self.followed_since < BRIEF * self.active_adver_interval_us

    def proves(self, source: bytes) -> bool:
        """Tell whether what is heard of a router is certainly its own and new: no deed is waited for."""
        return False

    def note_stranger_leaves(self, source: bytes, now: int) -> None:
        """Remember a priority 0 of a router that was not heard to be Active, unless this node has just begun.

        Whoever handed over to this node says so more than once.
        """
        has_asked = self.auth is not None and self.auth.was_asked(source, now)
        if not has_asked and now - self._active_since > SECOND + self.active_down_us():
            self.anomalies["leaving"] = (source, now)

    def has_stalled(self, now: int) -> bool:
        """Tell whether this Active has said nothing for so long that another may have taken over by now."""
        spec = self.spec
        said_at = self._sent_at if self.refused_since is None else self.refused_since
        return now - said_at > soonest_takeover(spec.version, spec.advert_interval_us)

    def may_answer(self, now: int) -> bool:
        """Tell whether one more answer to another Active's word is not too many; it is counted."""
        refill_us = self.spec.advert_interval_us // ANSWERS_PER_INTERVAL
        earned = (now - self._answered_at) // refill_us
        if earned:
            self._answers = min(ANSWERS_AT_ONCE, self._answers + earned)
            self._answered_at = now
        if not self._answers:
            return False
        self._answers -= 1
        return True

    # What the table asks for

    def perform(self, action: str, now: int, effects: "Effects") -> None:
        """Carry out one action of the table."""
        if action == states.SEND_ADVERT:
            effects.append(self._advertise(now))
        elif action == states.SEND_PRIORITY_ZERO:
            self.resign(now, effects)
        elif action == states.ANNOUNCE:
            self.announce(now, effects)
        elif action == states.START_ADVER_TIMER:
            self.deadline = now + self.spec.advert_interval_us
        elif action == states.START_ACTIVE_DOWN_TIMER:
            self.deadline = max(now + self.active_down_us(), self.first_word_until)
        elif action == states.SET_SKEW:
            self._shorten(now)
        elif action == states.ADOPT_INTERVAL:
            self.active_adver_interval_us = self._accepted_interval_us or self.spec.advert_interval_us
        elif action == states.OWN_INTERVAL:
            self.forget_active()
        elif action == states.STOP_TIMERS:
            self.deadline = self.announce_at = NEVER
            self.silent = self.resigned = self.lower_heard = False

    def active_down_us(self) -> int:
        """Return how long the Active that is followed may be silent."""
        return self.patience_us(self.active_adver_interval_us)

    def patience_us(self, interval_us: int) -> int:
        """Return how long an Active that advertises so often may be silent."""
        return active_down_interval(self.spec.version, self.priority, interval_us)

    def skew_us(self) -> int:
        """Return the Skew_Time of this router."""
        return skew_time(self.spec.version, self.priority, self.active_adver_interval_us)

    def longest_skew_us(self, interval_us: int) -> int:
        """Return the Skew_Time of the lowest priority."""
        return skew_time(self.spec.version, 0, interval_us)

    def _shorten(self, now: int) -> None:
        self.wait_at_most(now + self.skew_us())

    def wait_at_most(self, until: int) -> None:
        """Wait no longer for an Active that has resigned; a timer that fires sooner is left alone."""
        self.deadline = min(self.deadline, until)
        self.resigned = True
        self.last_accepted = None

    def advertise_again(self, now: int) -> "Send":
        """Do for the Adver_Timer what its row in the table says, and return what is to leave."""
        self.deadline = now + self.spec.advert_interval_us
        return self._advertise(now)

    def _advertise(self, now: int) -> "Send":
        self._sent_at = now
        self.counters.sent += 1
        if self.auth is None and self._send is not None:
            # Nearly always, and two calls less.
            return self._send
        return self.signed(now)

    def resign(self, now: int, effects: "Effects") -> None:
        """Say priority 0."""
        if self.source is not None:
            self.counters.sent += 1
            self.counters.priority_zero_sent += 1
            effects.append(self.signed(now, self._message(0)))

    def _message(self, priority: int) -> Send:
        spec, source = self.spec, self.source or b""
        advert = Advert(
            spec.version,
            spec.vrid,
            priority,
            spec.advert_interval_us,
            spec.addresses,
            spec.auth,
            spec.checksum,
        )
        packets = tuple((to, encode(advert, source, to)) for to in spec.destinations())
        return Send(spec.name, source, packets, 0 if self.auth is None else self.auth.room)

    def become_active(self, now: int) -> None:
        """Begin as Active: nobody else is, and the first announcement is owed at once."""
        self.counters.became_active += 1
        self._sent_at = self._active_since = now
        self.first_word_until = 0
        self.forget_active()
        self.allow_announcement_now()


def _tie_of(spec: RouterSpec) -> "Tie":
    return (spec.family, spec.vrid, tuple(sorted(spec.addresses)), spec.device)
