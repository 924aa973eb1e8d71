# SPDX-License-Identifier: GPL-2.0-or-later
"""What somebody on the LAN can say who is no router of ours, and what the status then has to name."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.lab.forged import Forger

LONGEST_INTERVAL_US, V2_INTERVAL_US = 40_950_000, 1_000_000
PASSWORD = "secret"
# Packets a second: what a Python reads without trouble, and what only a kernel should have to look at.
FLOOD, KERNEL_FLOOD = 3000, 12000
# How a pair is set up: the usual way, with unicast peers, and with a password, which version 2 alone has.
USUAL, UNICAST = {4: "usual", 6: "usual, IPv6"}, {4: "unicast", 6: "unicast, IPv6"}
WITH_PASSWORD = "password"
# What is configured for each kind of pair.
PAIRS: dict[str, dict[str, object]] = {
    USUAL[4]: {},
    WITH_PASSWORD: {"version": 2, "interval_ms": 1000, "auth_pass": PASSWORD},
    UNICAST[4]: {"unicast": True},
    USUAL[6]: {"families": (6,)},
    UNICAST[6]: {"families": (6,), "unicast": True},
}
# No packet of VRRP is as long, and no link carries it in one piece.
LONGEST_PAYLOAD = 60_000


@dataclass(frozen=True)
class Attack:
    """Frames that are sent in turn, so many a second, and `times` in all unless that is 0.

    `named` is what the status may call it by; nothing where it is none of VRRP's. `moves` is how often the
    Active may change; with `holds` False nobody need be Active while it goes on, as the words are those of a
    higher Active.
    """

    name: str
    frames: tuple[bytes, ...]
    per_second: float
    named: frozenset[str]
    pair: str
    moves: int = 0
    holds: bool = True
    times: int = 0


def _named(*codes: str) -> frozenset[str]:
    return frozenset(codes)


def _malformed(forger: Forger) -> Iterator[bytes]:
    """Yield messages for our VRID with every field wrong in turn, cut off, too long, or by chance."""
    chance = random.Random(3768)
    good = forger.message(200)
    for _ in range(100):
        at = chance.choice([0, *range(2, len(good))])
        octets = bytearray(good)
        octets[at] ^= chance.randrange(1, 256)
        yield bytes(octets)
        yield good[: chance.randrange(2, len(good))]
        yield good + chance.randbytes(chance.randrange(1, 60))
        yield bytes((chance.randrange(256), forger.vrid)) + chance.randbytes(chance.randrange(0, 40))
        for version_and_type in (0x01, 0x11, 0x41, 0xF1, 0x30, 0x32, 0x3F, 0x20):
            yield bytes((version_and_type,)) + good[1:]
        for count in (0, 3, 255):
            yield good[:3] + bytes((count,)) + good[4:]


def _in_pieces(forger: Forger) -> Iterator[bytes]:
    """Yield what is too long for any ADVERTISEMENT, and first pieces of what never comes whole."""
    long = forger.message(255) + bytes(LONGEST_PAYLOAD)
    for number in range(1, 20):
        yield from forger.fragments(long, number)
        yield next(forger.fragments(long, 1000 + number))


def _floods(forger: Forger, pair: str) -> Iterator[Attack]:
    others = [vrid for vrid in range(1, 256) if vrid != forger.vrid]
    foreign = tuple(forger.say(255, vrid=vrid) for vrid in others)
    by_options = (forger.with_options(forger.message(255), ttl=3),)
    yield Attack(
        "flood with TTL 3", (forger.say(255, ttl=3),), KERNEL_FLOOD, _named("flooded", "dropped-ttl"), pair
    )
    yield Attack(
        "flood with TTL 3 and options", by_options, KERNEL_FLOOD, _named("flooded", "dropped-ttl"), pair
    )
    yield Attack("flood of foreign VRIDs", foreign, KERNEL_FLOOD, _named("flooded"), pair)
    yield Attack("flood of a lower priority", (forger.say(50),), FLOOD, _named("rival", "flooded"), pair)


def _false_words(forger: Forger, pair: str) -> Iterator[Attack]:
    own = forger.first
    # IPv4 drops it before anybody hears it: a packet from an address of one's own is a Martian.
    named = _named("word-broken", "address-twice")
    yield Attack("0 from the Active's address", (forger.say(0, source=own),), 11, named, pair, moves=6)
    named = _named("owner-elsewhere", "address-twice")
    whose = (forger.say(255, source=forger.second),)
    yield Attack("255 from the Backup's address", whose, 10, named, pair, moves=2, holds=False)
    yield Attack("0 from a stranger", (forger.say(0),), 10, _named("leaving-stranger"), pair)
    longest = (forger.say(255, interval_us=LONGEST_INTERVAL_US),)
    named = _named("owner-elsewhere", "interval-differs")
    yield Attack("255 with 40.95 s, twice", longest, 10, named, pair, moves=2, holds=False, times=2)
    named = _named("owner-elsewhere", "word-broken")
    yield Attack("255, a word each 4 s", (forger.say(255),), 0.25, named, pair, moves=6, holds=False)
    named = _named("owner-elsewhere")
    yield Attack("255 all the time", (forger.say(255),), 10, named, pair, moves=2, holds=False)
    hidden = (forger.with_options(forger.message(255), ttl=255),)
    yield Attack("255 behind options", hidden, 10, named, pair, moves=2, holds=False)
    yield Attack(
        "254 all the time", (forger.say(254),), 10, _named("active-stranger"), pair, moves=2, holds=False
    )


def _false_packets(forger: Forger, pair: str) -> Iterator[Attack]:
    malformed = tuple(forger.frame(message) for message in _malformed(forger))
    named = _named("dropped-length", "dropped-checksum", "dropped-version", "dropped-type")
    yield Attack("malformed packets", malformed, 500, named, pair)
    yield Attack("60 kB in fragments", tuple(_in_pieces(forger)), 1000, _named("dropped-length"), pair)
    version_2 = (forger.say(255, version=2, interval_us=V2_INTERVAL_US),)
    yield Attack("version 2", version_2, 10, _named("dropped-version"), pair)
    crowd = tuple(forger.say(255, ttl=3, source=each) for each in forger.crowd())
    # Whoever says the same in many names hides nobody.
    yield Attack("version 2 in a crowd", crowd + version_2, 2000, _named("dropped-version"), pair)
    # This is not VRRP, and goes without it.
    yield Attack("claims the virtual address", forger.claims(), 10, frozenset(), pair)


def _with_password(forger: Forger) -> Attack:
    frames = tuple(
        forger.say(255, version=2, interval_us=V2_INTERVAL_US, auth=auth) for auth in (b"guessed", None)
    )
    named = _named("dropped-auth_data", "dropped-auth_type")
    return Attack("a wrong password, and none", frames, 10, named, WITH_PASSWORD)


def _unicast(forger: Forger, pair: str) -> Iterator[Attack]:
    far = (
        forger.say(255, 3, forger.second, source=forger.first),
        forger.say(255, 3, forger.first, source=forger.second),
    )
    strange = (forger.say(255, to=forger.first), forger.say(255, to=forger.second))
    yield Attack("unicast with TTL 3", far, 10, _named("dropped-ttl"), pair)
    yield Attack("unicast from a stranger", strange, 10, _named("dropped-source"), pair)


def _all(family: int) -> Iterator[Attack]:
    forger = Forger(family)
    for kinds in (_floods, _false_words, _false_packets):
        yield from kinds(forger, USUAL[family])
    if family == 4:
        yield _with_password(forger)
    yield from _unicast(forger, UNICAST[family])


ATTACKS = (*_all(4), *(replace(each, name=f"{each.name}, IPv6") for each in _all(6)))
