# SPDX-License-Identifier: GPL-2.0-or-later
"""What somebody on the LAN can say who is no router of ours, and what the status then has to name."""

import random
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from haven.core.checksum import internet_checksum
from haven.core.frame import multicast_mac
from haven.core.vrrp.advert import Advert, encode
from haven.core.vrrp.constants import PROTOCOL, multicast_group
from tests.lab.gateway import SIDES
from tests.lab.network import GATEWAY

MAC = bytes.fromhex("020000000166")
VRID = SIDES[0].vrid
FIRST, SECOND, STRANGER = (socket.inet_aton(f"10.77.0.{host}") for host in (2, 3, 66))
MACS = {FIRST: bytes.fromhex("020000000102"), SECOND: bytes.fromhex("020000000103")}
GROUP = multicast_group(4)
INTERVAL_US, LONGEST_INTERVAL_US, V2_INTERVAL_US = 100_000, 40_950_000, 1_000_000
PASSWORD = "secret"
# Packets a second: what a Python reads without trouble, and what only a kernel should have to look at.
FLOOD, KERNEL_FLOOD = 3000, 12000
# How a pair is set up: the usual way, with a password (version 2), with unicast peers.
USUAL, WITH_PASSWORD, UNICAST = "usual", "password", "unicast"
# What is configured for each kind of pair.
PAIRS: dict[str, dict[str, object]] = {
    USUAL: {},
    WITH_PASSWORD: {"version": 2, "interval_ms": 1000, "auth_pass": PASSWORD},
    UNICAST: {"unicast": True},
}


@dataclass(frozen=True)
class Attack:
    """Frames that are sent in turn, so many a second, and `times` in all unless that is 0.

    `named` is what the status may call it by. `moves` is how often the Active may change; with `holds` False
    nobody need be Active while it goes on, as the words are those of a higher Active.
    """

    name: str
    frames: tuple[bytes, ...]
    per_second: float
    named: frozenset[str]
    pair: str = USUAL
    moves: int = 0
    holds: bool = True
    times: int = 0


def _message(
    priority: int,
    source: bytes = STRANGER,
    destination: bytes = GROUP,
    vrid: int = VRID,
    interval_us: int = INTERVAL_US,
    version: int = 3,
    auth: bytes | None = None,
) -> bytes:
    addresses = (socket.inet_aton(GATEWAY),)
    return encode(Advert(version, vrid, priority, interval_us, addresses, auth), source, destination)


def _frame(message: bytes, source: bytes = STRANGER, destination: bytes = GROUP, ttl: int = 255) -> bytes:
    start = struct.pack("!BBHHHBB", 0x45, 0xC0, 20 + len(message), 0, 0, ttl, PROTOCOL)
    total = internet_checksum(start + b"\0\0" + source + destination)
    packet = start + struct.pack("!H", total) + source + destination + message
    to_mac = MACS.get(destination) or multicast_mac(destination)
    return to_mac + MAC + b"\x08\0" + packet


def _say(priority: int, source: bytes = STRANGER, ttl: int = 255, **more: int) -> bytes:
    return _frame(_message(priority, source, **more), source, ttl=ttl)


def _malformed() -> Iterable[bytes]:
    """Give messages for our VRID with every field wrong in turn, cut off, too long, or by chance."""
    chance = random.Random(3768)
    good = _message(200)
    for _ in range(100):
        at = chance.choice([0, *range(2, len(good))])
        octets = bytearray(good)
        octets[at] ^= chance.randrange(1, 256)
        yield bytes(octets)
        yield good[: chance.randrange(2, len(good))]
        yield good + chance.randbytes(chance.randrange(1, 60))
        yield bytes((chance.randrange(256), VRID)) + chance.randbytes(chance.randrange(0, 40))
        for version_and_type in (0x01, 0x11, 0x41, 0xF1, 0x30, 0x32, 0x3F, 0x20):
            yield bytes((version_and_type,)) + good[1:]
        for count in (0, 2, 255):
            yield good[:3] + bytes((count,)) + good[4:]


def _named(*codes: str) -> frozenset[str]:
    return frozenset(codes)


def _unicast(source: bytes, ttl: int) -> tuple[bytes, ...]:
    return tuple(_frame(_message(255, source, to), source, to, ttl) for to in (FIRST, SECOND) if to != source)


def _with_password(auth: bytes | None) -> bytes:
    return _frame(_message(255, version=2, interval_us=V2_INTERVAL_US, auth=auth))


ATTACKS = (
    Attack("flood with TTL 3", (_say(255, ttl=3),), KERNEL_FLOOD, _named("flooded", "dropped-ttl")),
    Attack(
        "flood of foreign VRIDs",
        tuple(_say(255, vrid=vrid) for vrid in range(1, 256) if vrid != VRID),
        KERNEL_FLOOD,
        _named("flooded"),
    ),
    Attack("flood of a lower priority", (_say(50),), FLOOD, _named("rival", "flooded")),
    Attack(
        "0 from the Active's address", (_say(0, FIRST),), 11, _named("word-broken", "address-twice"), moves=6
    ),
    Attack("0 from a stranger", (_say(0),), 10, _named("leaving-stranger")),
    Attack(
        "255 with 40.95 s, twice",
        (_say(255, interval_us=LONGEST_INTERVAL_US),),
        10,
        _named("owner-elsewhere", "interval-differs"),
        moves=2,
        holds=False,
        times=2,
    ),
    Attack(
        "255, a word each 4 s",
        (_say(255),),
        0.25,
        _named("owner-elsewhere", "word-broken"),
        moves=6,
        holds=False,
    ),
    Attack("255 all the time", (_say(255),), 10, _named("owner-elsewhere"), moves=2, holds=False),
    Attack("254 all the time", (_say(254),), 10, _named("active-stranger"), moves=2, holds=False),
    Attack(
        "malformed packets",
        tuple(_frame(message) for message in _malformed()),
        500,
        _named("dropped-length", "dropped-checksum", "dropped-version", "dropped-type"),
    ),
    Attack(
        "version 2",
        (_frame(_message(255, version=2, interval_us=V2_INTERVAL_US)),),
        10,
        _named("dropped-version"),
    ),
    Attack(
        "a wrong password, and none",
        (_with_password(b"guessed"), _with_password(None)),
        10,
        _named("dropped-auth_data", "dropped-auth_type"),
        WITH_PASSWORD,
    ),
    Attack(
        "unicast with TTL 3",
        (*_unicast(FIRST, 3), *_unicast(SECOND, 3)),
        10,
        _named("dropped-ttl"),
        UNICAST,
    ),
    Attack("unicast from a stranger", _unicast(STRANGER, 255), 10, _named("dropped-source"), UNICAST),
)
