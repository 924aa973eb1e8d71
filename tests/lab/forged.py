# SPDX-License-Identifier: GPL-2.0-or-later
"""The frames that somebody on the LAN forges, in either family."""

import socket
import struct
from collections.abc import Iterator

from haven.core.announce import announcement
from haven.core.checksum import internet_checksum
from haven.core.frame import multicast_mac
from haven.core.vrrp.advert import Advert, encode
from haven.core.vrrp.constants import PROTOCOL, multicast_group
from tests.lab.gateway import SIDES, Side

# The attacker's own.
MAC = bytes.fromhex("020000000166")
INTERVAL_US = 100_000
ROUTER_MACS = (bytes.fromhex("020000000102"), bytes.fromhex("020000000103"))
ETHERTYPE = {4: b"\x08\0", 6: b"\x86\xdd"}
HOP_BY_HOP, FRAGMENT = 0, 44
# Four octets of "no operation" each.
OPTIONS = b"\x01\x01\x01\x01"
MORE_FRAGMENTS = {4: 0x2000, 6: 1}
FRAGMENT_LENGTH = 1440
CROWD = 2000


class Forger:
    """Forges for one family; `first` and `second` are the routers' own addresses, `stranger` neither's."""

    def __init__(self, family: int) -> None:
        self.family = family
        self.group = multicast_group(family)
        self.first, self.second, self.stranger = _addresses(family)
        self._side = _lan_side(family)
        self.vrid = self._side.vrid
        self.virtual = tuple(_octets(family, each.split("/")[0]) for each in self._side.addresses)
        self._macs = dict(zip((self.first, self.second), ROUTER_MACS, strict=True))

    def message(self, priority: int, to: bytes | None = None, **more: object) -> bytes:
        """Return the octets of an ADVERTISEMENT; `more` are fields of it that differ, and its `source`."""
        source = more.pop("source", self.stranger)
        fields = {"version": 3, "vrid": self.vrid, "interval_us": INTERVAL_US, "addresses": self.virtual}
        return encode(Advert(priority=priority, **{**fields, **more}), source, to or self.group)

    def say(self, priority: int, ttl: int = 255, to: bytes | None = None, **more: object) -> bytes:
        """Return the frame of an ADVERTISEMENT."""
        return self.frame(self.message(priority, to, **more), more.get("source"), to, ttl)

    def frame(
        self,
        payload: bytes,
        source: bytes | None = None,
        to: bytes | None = None,
        ttl: int = 255,
        kind: int = PROTOCOL,
        place: int = 0,
        options: bytes = b"",
    ) -> bytes:
        """Return a frame; of IPv4, `place` is the word of flags and of the place of a fragment."""
        to = to or self.group
        addresses = (source or self.stranger) + to
        if self.family == 6:
            head = struct.pack("!IHBB", 6 << 28, len(payload), kind, ttl)
        else:
            head = _head_v4(options, len(payload), place, ttl, kind, addresses)
        to_mac = self._macs.get(to) or multicast_mac(to)
        return to_mac + MAC + ETHERTYPE[self.family] + head + addresses + options + payload

    def with_options(self, message: bytes, ttl: int) -> bytes:
        """Return the frame of a message behind IPv4 options, or behind an IPv6 extension header."""
        if self.family == 4:
            return self.frame(message, ttl=ttl, options=2 * OPTIONS)
        # PadN of four octets (RFC 8200 4.2).
        header = bytes((PROTOCOL, 0, 1, 4, 0, 0, 0, 0))
        return self.frame(header + message, ttl=ttl, kind=HOP_BY_HOP)

    def fragments(self, payload: bytes, number: int, ttl: int = 255) -> Iterator[bytes]:
        """Yield the frames of a payload in pieces, with an identification."""
        for at in range(0, len(payload), FRAGMENT_LENGTH):
            piece = payload[at : at + FRAGMENT_LENGTH]
            more = MORE_FRAGMENTS[self.family] if at + FRAGMENT_LENGTH < len(payload) else 0
            if self.family == 4:
                yield self.frame(piece, ttl=ttl, place=number << 16 | more | at // 8)
            else:
                header = struct.pack("!BBHI", PROTOCOL, 0, at | more, number)
                yield self.frame(header + piece, ttl=ttl, kind=FRAGMENT)

    def crowd(self) -> list[bytes]:
        """Return more addresses than anybody keeps in mind."""
        return [self.stranger[:-2] + struct.pack("!H", number) for number in range(0x4000, 0x4000 + CROWD)]

    def claims(self) -> tuple[bytes, ...]:
        """Return the frames that tell everybody that the virtual addresses are the attacker's."""
        return tuple(announcement(MAC, address) for address in self.virtual)


def _head_v4(options: bytes, length: int, place: int, ttl: int, kind: int, addresses: bytes) -> bytes:
    head = 20 + len(options)
    start = struct.pack("!BBHIBB", 0x40 | head // 4, 0xC0, head + length, place, ttl, kind)
    return start + struct.pack("!H", internet_checksum(start + b"\0\0" + addresses + options))


def _addresses(family: int) -> tuple[bytes, bytes, bytes]:
    texts = ("10.77.0.2", "10.77.0.3", "10.77.0.66")
    if family == 6:
        texts = ("fe80::ff:fe00:102", "fe80::ff:fe00:103", "fe80::66")
    first, second, stranger = (_octets(family, each) for each in texts)
    return first, second, stranger


def _octets(family: int, text: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if family == 6 else socket.AF_INET, text)


def _lan_side(family: int) -> Side:
    return next(side for side in SIDES if side.family == family and side.segment == "lan")
