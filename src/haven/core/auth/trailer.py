# SPDX-License-Identifier: GPL-2.0-or-later
"""The octets behind an authenticated ADVERTISEMENT (draft-cassen-vrrp-auth-hmac, as keepalived 2.4 has it).

    0  type, 1: HMAC-SHA-256 cut to 128 bits
    1  key id
    2  reserved, zero
    4  seconds since 1970
    8  1/65536 s                      together 64 bits that only grow
   10  counter
   12  HMAC, 16 octets

What is hashed: the address family (4 or 6), the version, the VRID, a zero, the source in 16 octets; then the
ADVERTISEMENT with a checksum of zero; then the trailer with an HMAC of zero. The checksum of IPv4 does not
cover the trailer, that of IPv6 does.
"""

import struct

from haven.core.auth.keyed_hash import HASH_LENGTH
from haven.core.checksum import pseudo_header
from haven.core.vrrp.advert import AUTH_TRAILER_LENGTH, HEADER_LENGTH
from haven.core.vrrp.constants import PASSWORD_LENGTH, PROTOCOL

TRAILER_LENGTH = AUTH_TRAILER_LENGTH
PREFIX_LENGTH = TRAILER_LENGTH - HASH_LENGTH
SHA256_TYPE = 1
NO_HASH = bytes(HASH_LENGTH)
CHECKSUM_AT = 6
_WORDS = "!%dH" % (TRAILER_LENGTH // 2)


def plain_length(message: bytes, size: int) -> int:
    """Return how long the ADVERTISEMENT at the begin of a message is, for addresses of this size."""
    if len(message) < HEADER_LENGTH:
        return HEADER_LENGTH
    trailing = PASSWORD_LENGTH if message[0] >> 4 == 2 else 0
    return HEADER_LENGTH + size * message[3] + trailing


def prefix_of(key_id: int, sequence: int) -> bytes:
    """Return the part of a trailer before its HMAC."""
    return struct.pack("!BBHQ", SHA256_TYPE, key_id, 0, sequence)


def sequence_of(prefix: bytes) -> int:
    """Return the 64 bits that only grow."""
    sequence: int = struct.unpack_from("!Q", prefix, 4)[0]
    return sequence


def hashed_head(source: bytes, unsummed: bytes) -> bytes:
    """Return what is hashed before the trailer; `unsummed` is the ADVERTISEMENT with a checksum of zero."""
    family = 6 if len(source) == 16 else 4
    start = bytes((family, unsummed[0] >> 4, unsummed[1], 0))
    return start + source + bytes(16 - len(source)) + unsummed


def without_checksum(message: bytes, end: int) -> bytes:
    """Return an ADVERTISEMENT with a checksum of zero."""
    return message[:CHECKSUM_AT] + b"\0\0" + message[CHECKSUM_AT + 2 : end]


def sum_before(source: bytes, destination: bytes, unsummed: bytes) -> int:
    """Return the sum that a checksum of IPv6 begins with: all but the trailer."""
    covered = pseudo_header(source, destination, len(unsummed) + TRAILER_LENGTH, PROTOCOL) + unsummed
    return sum(struct.unpack("!%dH" % (len(covered) // 2), covered))


def checksum_with(before: int, trailer: bytes) -> bytes:
    """Return the checksum of IPv6, of what sum_before() has summed and a trailer."""
    total = before + sum(struct.unpack(_WORDS, trailer))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~total & 0xFFFF)
