# SPDX-License-Identifier: GPL-2.0-or-later
"""The Ethernet and IP headers around an ADVERTISEMENT to the multicast group."""

import struct

from haven.core.checksum import ICMPV6_PROTOCOL, internet_checksum, pseudo_header
from haven.core.vrrp.constants import PROTOCOL, TTL

# Internetwork control (RFC 2474 4.2.2.2), as keepalived marks it.
TRAFFIC_CLASS = 0xC0
DONT_FRAGMENT = 0x4000
ETHERTYPE_IPV6 = 0x86DD


def multicast_mac(group: bytes) -> bytes:
    """Return the MAC address of a multicast group (RFC 1112 6.4; RFC 2464 7)."""
    if len(group) == 4:
        return bytes((1, 0, 0x5E, group[1] & 0x7F, group[2], group[3]))
    return b"\x33\x33" + group[12:]


def ipv4_packet(source: bytes, destination: bytes, message: bytes) -> bytes:
    """Return an IPv4 packet of protocol 112 with TTL 255 (RFC 9568 5.1.1)."""
    length = 20 + len(message)
    start = struct.pack("!BBHHHBB", 0x45, TRAFFIC_CLASS, length, 0, DONT_FRAGMENT, TTL, PROTOCOL)
    total = internet_checksum(start + b"\0\0" + source + destination)
    return start + struct.pack("!H", total) + source + destination + message


def ipv6_packet(source: bytes, destination: bytes, message: bytes) -> bytes:
    """Return an IPv6 packet of next header 112 with hop limit 255 (RFC 9568 5.1.2)."""
    first = 6 << 28 | TRAFFIC_CLASS << 20
    start = struct.pack("!IHBB", first, len(message), PROTOCOL, TTL)
    return start + source + destination + message


def multicast_frame(mac: bytes, source: bytes, group: bytes, message: bytes) -> bytes:
    """Return the whole Ethernet frame of an ADVERTISEMENT to the multicast group."""
    if len(group) == 4:
        ethertype, packet = 0x0800, ipv4_packet(source, group, message)
    else:
        ethertype, packet = ETHERTYPE_IPV6, ipv6_packet(source, group, message)
    return multicast_mac(group) + mac + struct.pack("!H", ethertype) + packet


def icmpv6_frame(to: bytes, mac: bytes, source: bytes, destination: bytes, message: bytes) -> bytes:
    """Return the whole Ethernet frame of an ICMPv6 message with hop limit 255, its checksum filled in."""
    blank = message[:2] + b"\0\0" + message[4:]
    header = pseudo_header(source, destination, len(blank), ICMPV6_PROTOCOL)
    total = struct.pack("!H", internet_checksum(header + blank))
    facts = (6 << 28, len(blank), ICMPV6_PROTOCOL, TTL, source, destination)
    start = to + mac + struct.pack("!HIHBB16s16s", ETHERTYPE_IPV6, *facts)
    return start + blank[:2] + total + blank[4:]
