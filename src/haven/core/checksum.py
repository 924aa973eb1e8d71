# SPDX-License-Identifier: GPL-2.0-or-later
"""The Internet checksum and the pseudo-headers it is taken over."""

import struct

ICMPV6_PROTOCOL = 58


def internet_checksum(octets: bytes) -> int:
    """Return the one's complement of the one's complement sum of 16-bit words (RFC 1071)."""
    if len(octets) % 2:
        octets = octets + b"\0"
    total = 0
    for word in struct.unpack("!%dH" % (len(octets) // 2), octets):
        total += word
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def pseudo_header(source: bytes, destination: bytes, length: int, protocol: int) -> bytes:
    """Return the pseudo-header for addresses of 4 octets (RFC 9293 3.1) or of 16 (RFC 8200 8.1)."""
    if len(source) == 4:
        return source + destination + struct.pack("!BBH", 0, protocol, length)
    return source + destination + struct.pack("!IBBBB", length, 0, 0, 0, protocol)
