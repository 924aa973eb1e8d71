# SPDX-License-Identifier: GPL-2.0-or-later
"""Router advertisements and solicitations as octets (RFC 4861 4.1, 4.2 and 4.6; RFC 4191 2.2; RFC 8106 5)."""

import struct

from haven.core.ra.advert_spec import HIGH, LOW, AdvertSpec
from haven.core.ra.prefixes import SLAAC_LENGTH, AdvertisedPrefix, PrefixTable
from haven.core.value import Value
from haven.core.vrrp.constants import is_link_local

ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT = 133, 134
ALL_ROUTERS = bytes((0xFF, 2)) + bytes(13) + b"\x02"
HOP_LIMIT = 255
IPV6_HEADER = 40

SOURCE_LINK_LAYER_ADDRESS, PREFIX_INFORMATION, MTU, RDNSS, DNSSL = 1, 3, 5, 25, 31
MANAGED, OTHER = 0x80, 0x40
ON_LINK, AUTONOMOUS = 0x80, 0x40
PREFERENCE = {HIGH: 0x08, LOW: 0x18}

_HEADER = "!BBHBBHII"
HEADER_LENGTH = 16
SOLICITATION_LENGTH = 8
# Every link of IPv6 carries as much (RFC 8200 5).
LEAST_MTU = 1280


class Malformed(ValueError):
    """A message that a router must not act on (RFC 4861 6.1)."""


class HeardAdvert(Value):
    """A router advertisement of another: its Router Lifetime, and the prefixes that it takes back."""

    def __init__(self, lifetime_s: int, withdrawn: "tuple[tuple[bytes, int], ...]") -> None:
        self.lifetime_s = lifetime_s
        self.withdrawn = withdrawn


def advertisements(spec: AdvertSpec, table: PrefixTable, mac: bytes, final: bool = False) -> "list[bytes]":
    """Return the messages, checksum 0, that say all there is; more than one only where one would not fit.

    A `final` one says that this is no default router any more, and nothing else (RFC 4861 6.2.5).
    """
    lifetime_s = 0 if final else table.lifetime_s
    start = _header(spec, lifetime_s) + struct.pack("!BB6s", SOURCE_LINK_LAYER_ADDRESS, 1, mac)
    if final:
        return [start]
    if spec.link_mtu:
        start += struct.pack("!BBHI", MTU, 1, 0, spec.link_mtu)
    options = [_prefix(spec, each) for each in table.prefixes]
    dns_lifetime_s = table.longest_valid_s() or spec.lifetime_s
    options += _dns(spec, dns_lifetime_s)
    room = max(spec.link_mtu, LEAST_MTU) - IPV6_HEADER
    messages = [start]
    for option in options:
        if len(messages[-1]) + len(option) > room and len(messages[-1]) > len(start):
            messages.append(start)
        messages[-1] += option
    return messages


def _header(spec: AdvertSpec, lifetime_s: int) -> bytes:
    flags = (MANAGED if spec.managed else 0) | (OTHER if spec.other else 0)
    # A preference without a lifetime means nothing and is 0 then (RFC 4191 2.2).
    flags |= PREFERENCE.get(spec.preference, 0) if lifetime_s else 0
    timers = (lifetime_s, spec.reachable_ms, spec.retrans_ms)
    return struct.pack(_HEADER, ROUTER_ADVERTISEMENT, 0, 0, spec.hop_limit, flags, *timers)


def _prefix(spec: AdvertSpec, each: AdvertisedPrefix) -> bytes:
    flags = ON_LINK if spec.on_link else 0
    flags |= AUTONOMOUS if spec.autonomous and each.length == SLAAC_LENGTH else 0
    facts = (each.length, flags, each.valid_s, each.preferred_s, 0, each.prefix)
    return struct.pack("!BBBBIII16s", PREFIX_INFORMATION, 4, *facts)


def _dns(spec: AdvertSpec, lifetime_s: int) -> "list[bytes]":
    found = []
    if spec.dns:
        found.append(struct.pack("!BBHI", RDNSS, 1 + 2 * len(spec.dns), 0, lifetime_s) + b"".join(spec.dns))
    if spec.domains:
        names = b"".join([encoded_name(each) for each in spec.domains])
        names += bytes(-len(names) % 8)
        found.append(struct.pack("!BBHI", DNSSL, 1 + len(names) // 8, 0, lifetime_s) + names)
    return found


def encoded_name(domain: str) -> bytes:
    """Return a domain name as DNS encodes it (RFC 1035 3.1); its labels are ASCII, of 63 letters at most."""
    labels = [label.encode() for label in domain.split(".") if label]
    return b"".join([bytes((len(label),)) + label for label in labels]) + b"\0"


# What is heard


def solicitor(source: bytes, hops: int, message: bytes) -> "bytes | None":
    """Return the MAC address that a router solicitation names, or None. Raises Malformed (RFC 4861 6.1.1)."""
    _check(message, hops, SOLICITATION_LENGTH)
    found = None
    for kind, value in _options(message, SOLICITATION_LENGTH):
        if kind == SOURCE_LINK_LAYER_ADDRESS:
            if source == bytes(16):
                raise Malformed("a link-layer address without an address")
            found = value if len(value) == 6 else None
    return found


def heard_advert(source: bytes, hops: int, message: bytes) -> HeardAdvert:
    """Return what matters of another router's advertisement. Raises Malformed (RFC 4861 6.1.2)."""
    _check(message, hops, HEADER_LENGTH)
    if not is_link_local(source):
        raise Malformed("its source is not link-local")
    withdrawn = []
    for kind, value in _options(message, HEADER_LENGTH):
        if kind == PREFIX_INFORMATION and len(value) == 30:
            length, _flags, _valid_s, preferred_s, _reserved, prefix = struct.unpack("!BBIII16s", value)
            if not preferred_s:
                withdrawn.append((prefix, length))
    return HeardAdvert(struct.unpack_from("!H", message, 6)[0], tuple(withdrawn))


def _check(message: bytes, hops: int, least: int) -> None:
    if hops != HOP_LIMIT:
        raise Malformed("hop limit %d" % hops)
    if len(message) < least or message[1] != 0:
        raise Malformed("too short, or with a code")


def _options(message: bytes, at: int) -> "list[tuple[int, bytes]]":
    found = []
    while at < len(message):
        length = message[at + 1] * 8 if at + 2 <= len(message) else 0
        if not length or at + length > len(message):
            raise Malformed("a broken option")
        found.append((message[at], message[at + 2 : at + length]))
        at += length
    return found
