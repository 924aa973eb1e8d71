# SPDX-License-Identifier: GPL-2.0-or-later
"""What a virtual router with a key does to its own words and to those of others."""

import struct

from haven.core.auth.auth_spec import ENFORCE, MONOTONIC, RECEIVE
from haven.core.auth.keyed_hash import Key, same
from haven.core.auth.senders import BEHIND, IN_WINDOW, Senders
from haven.core.auth.serial_times import distance_us, following, is_after, sequence_at
from haven.core.auth.trailer import (
    CHECKSUM_AT,
    NO_HASH,
    PREFIX_LENGTH,
    SHA256_TYPE,
    TRAILER_LENGTH,
    checksum_with,
    hashed_head,
    plain_length,
    prefix_of,
    sequence_of,
    sum_before,
    without_checksum,
)
from haven.core.checksum import internet_checksum, pseudo_header
from haven.core.clock import MILLISECOND, NEVER, SECOND
from haven.core.vrrp.advert import PacketError, decode
from haven.core.vrrp.constants import PROTOCOL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from haven.core.auth.auth_spec import AuthSpec
    from haven.core.effects import Send

    # The message, its source and destination, and its TTL.
    Packet = tuple[bytes, bytes, bytes, int]

# Who is told the time speaks again at once; later than this its words are answers to something else.
ANSWERED = SECOND


class HeardBefore:
    """The ADVERTISEMENT that came last: what of it is the same each time is reckoned once."""

    def __init__(self, packet: "Packet", size: int, key: Key) -> None:
        message, source, destination, _ttl = packet
        unsummed = without_checksum(message, size)
        self.same = same_part(packet, size)
        self.way = packet[1:]
        self.key = key
        self.begun = key.begin(hashed_head(source, unsummed))
        # IPv6 has another checksum each time.
        self.sum = sum_before(source, destination, unsummed) if len(source) == 16 else None
        # The packet without the trailer.
        self.plain: Packet | None = None

    def check_sum(self, packet: "Packet", size: int) -> None:
        """Raise PacketError where the checksum is wrong."""
        message = packet[0]
        if self.sum is not None:
            if checksum_with(self.sum, message[size:]) != message[CHECKSUM_AT : CHECKSUM_AT + 2]:
                raise PacketError("checksum", "the checksum is wrong")
        elif self.plain is None:
            decode(message[:size], packet[1], packet[2])


class Authenticator:
    """Signs, checks, and remembers; `wall_us` is what has to be added to `now` for the time since 1970.

    `verified` and `unsigned` count the words that were believed with a trailer and without.
    """

    def __init__(self, wall_us: int) -> None:
        self.spec: AuthSpec | None = None
        self.wall_us = wall_us
        # The same for the clock of somebody whose words are ahead of ours.
        self.learned_us: int | None = None
        self.verified = self.unsigned = 0
        # The id of the key that was heard last.
        self.heard_key: int | None = None
        # What would be refused if trailers were enforced: (reason, source, when), and whose clock differs:
        # (source, by how much, when).
        self.lenient: tuple[str, bytes, int] | None = None
        self.skew: tuple[bytes, int, int] | None = None
        self._keys: dict[int, Key] = {}
        self._senders = Senders()
        # What was said last, and before a clock that was set back.
        self._sent = self._left = 0
        self._heard: HeardBefore | None = None
        self._asked_at = -NEVER
        self._was_asked: tuple[bytes, int] | None = None
        self._sealed: Send | None = None
        self._begun: Any = None
        self._sums: tuple[int, ...] = ()

    def set_spec(self, spec: "AuthSpec") -> None:
        """Go by these keys from now on; what is known of others stays."""
        if spec != self.spec:
            self.spec = spec
            self._keys = {number: Key(number, octets) for number, octets in spec.keys}
            self._heard = self._sealed = None

    def set_wall(self, wall_us: int) -> None:
        """Take how the machine's clock stands now; one that was set is believed again."""
        assert self.spec is not None
        if self.spec.replay != MONOTONIC and abs(wall_us - self.wall_us) > self.spec.window_us:
            self.learned_us = None
            self._senders.set_clock()
        self.wall_us = wall_us

    # What is said

    @property
    def room(self) -> int:
        """How many octets an own ADVERTISEMENT has behind it."""
        assert self.spec is not None
        return 0 if self.spec.mode == RECEIVE else TRAILER_LENGTH

    def seal(self, send: "Send", now: int) -> "Send":
        """Return a Send with its trailer, which is another each time."""
        assert self.spec is not None
        if self.spec.mode == RECEIVE:
            return send
        key = self._keys[self.spec.keys[0][0]]
        if self._sealed is not send:
            self._prepare(send, key)
        prefix = prefix_of(key.number, self._next(now))
        trailer = prefix + key.finish(self._begun, prefix + NO_HASH)
        return send.with_trailer(trailer, tuple([checksum_with(each, trailer) for each in self._sums]))

    def _prepare(self, send: "Send", key: Key) -> None:
        message = send.packets[0][1]
        unsummed = without_checksum(message, len(message))
        self._sealed, self._begun, self._sums = send, key.begin(hashed_head(send.source, unsummed)), ()
        if len(send.source) == 16:
            self._sums = tuple([sum_before(send.source, to, unsummed) for to, _octets in send.packets])

    def _next(self, now: int) -> int:
        assert self.spec is not None
        unix_us = now + max(self.wall_us, self.learned_us or self.wall_us)
        sequence = sequence_at(unix_us)
        if not is_after(sequence, self._sent):
            # A clock that was set back for good is followed, or the others would refuse the time for ever.
            is_stranded = distance_us(self._sent, unix_us) > self.spec.window_us
            if not is_stranded or self.spec.replay == MONOTONIC:
                sequence = following(self._sent)
            else:
                self._left = self._sent
        elif self._is_before_what_was_left(sequence, unix_us):
            sequence = following(self._left)
        self._sent = sequence
        return sequence

    def _is_before_what_was_left(self, sequence: int, unix_us: int) -> bool:
        """Tell whether a time that somebody told is a little behind what was said here before a step."""
        assert self.spec is not None
        is_before = self._left != 0 and is_after(self._left, sequence)
        return is_before and distance_us(self._left, unix_us) <= self.spec.window_us

    # What is heard

    def open(self, packet: "Packet", now: int) -> "Packet":
        """Return a packet without its trailer, if it may be believed. Raises PacketError if not.

        What has another length is returned as it is: it is no ADVERTISEMENT, as others will find.
        """
        assert self.spec is not None
        message, source = packet[0], packet[1]
        size = plain_length(message, len(source))
        extra = len(message) - size
        if extra not in (0, TRAILER_LENGTH):
            return packet
        reason, text = "auth_missing", "it carries no authentication trailer"
        plain = packet if not extra else None
        if extra:
            reason, text, plain = self._check(packet, size, now)
        if not reason:
            assert plain is not None
            return plain
        if self.spec.mode == ENFORCE:
            raise PacketError(reason, text)
        # An attacker could leave the trailer away: to refuse this one would keep out friends alone.
        self.unsigned += 1
        self.lenient = (reason, source, now)
        return plain if plain is not None else strip(packet, size)

    def _check(self, packet: "Packet", size: int, now: int) -> "tuple[str, str, Packet | None]":
        """Return why a word with a trailer is not to be believed, or no reason and the packet without it."""
        message, source = packet[0], packet[1]
        prefix, found = message[size : size + PREFIX_LENGTH], message[size + PREFIX_LENGTH :]
        if prefix[0] != SHA256_TYPE or prefix[2] or prefix[3]:
            return "auth_malformed", "its trailer is of a type that is not known", None
        key = self._keys.get(prefix[1])
        if key is None:
            return "auth_key", "it is signed with key %d, which is none of ours" % prefix[1], None
        heard = self._heard
        is_known = heard is not None and heard.key is key and heard.way == packet[1:]
        if heard is None or not is_known or heard.same != same_part(packet, size):
            heard = HeardBefore(packet, size, key)
        if not same(key.finish(heard.begun, prefix + NO_HASH), found):
            return "auth_hash", "its signature is not that of our key %d" % key.number, None
        # A word that something else will refuse is not to make the good one look like its repetition.
        heard.check_sum(packet, size)
        reason, text = self._judge(source, sequence_of(prefix), message[2], now)
        if reason:
            return reason, text, None
        self.verified += 1
        self.heard_key = key.number
        self._heard = heard
        if heard.plain is None:
            heard.plain = strip(packet, size)
        return "", "", heard.plain

    def _judge(self, source: bytes, sequence: int, priority: int, now: int) -> "tuple[str, str]":
        assert self.spec is not None
        unix_us = now + self.wall_us
        verdict = self._senders.judge(source, sequence, unix_us, self.spec, now)
        distance = distance_us(sequence, unix_us)
        if verdict == BEHIND:
            return "auth_stale", "its time is %s behind ours" % _seconds(-distance)
        if not self._senders.is_new(source, sequence, verdict, unix_us, self.spec):
            return "auth_replay", "it is no newer than one that came before"
        if self.spec.replay != MONOTONIC and abs(distance) > self.spec.window_us // 2:
            self.skew = (source, distance, now)
        self._learn(source, distance, verdict, priority, now)
        self._senders.take(source, sequence, unix_us, verdict, now)
        return "", ""

    def _learn(self, source: bytes, distance: int, verdict: str, priority: int, now: int) -> None:
        assert self.spec is not None
        # Without a common clock the highest of all that was heard is what everybody goes on from.
        is_news = verdict != IN_WINDOW or self.spec.replay == MONOTONIC
        if is_news and distance > 0:
            if not priority:
                self._was_asked = (source, now)
            self.learned_us = max(self.learned_us or 0, self.wall_us + distance)

    # The time

    def may_ask(self, reason: str, interval_us: int, now: int) -> bool:
        """Tell whether to say the time to somebody whose words were refused for theirs; it is counted.

        A priority 0 does it: an Active answers that at once, and from a Backup it means nothing else.
        """
        assert self.spec is not None
        if reason not in ("auth_stale", "auth_replay") or not self.room:
            return False
        if now - self._asked_at < interval_us:
            return False
        self._asked_at = now
        return True

    def was_asked(self, source: bytes, now: int) -> bool:
        """Tell whether a priority 0 was the word that told this router the time."""
        asked = self._was_asked
        return asked is not None and asked[0] == source and now - asked[1] < ANSWERED


def same_part(packet: "Packet", size: int) -> bytes:
    """Return what does not change from one word to the next."""
    message = packet[0]
    return message[:size] if len(packet[1]) == 4 else without_checksum(message, size)


def strip(packet: "Packet", size: int) -> "Packet":
    """Return a packet without its trailer; the checksum of IPv6 is made that of what is left."""
    message, source, destination, ttl = packet
    if len(source) == 4:
        return (message[:size], source, destination, ttl)
    plain = without_checksum(message, size)
    covered = pseudo_header(source, destination, size, PROTOCOL) + plain
    total = struct.pack("!H", internet_checksum(covered))
    return (plain[:CHECKSUM_AT] + total + plain[CHECKSUM_AT + 2 :], source, destination, ttl)


def _seconds(duration_us: int) -> str:
    return "%d.%03d s" % (duration_us // SECOND, duration_us % SECOND // MILLISECOND)
