# SPDX-License-Identifier: GPL-2.0-or-later
"""VRRP ADVERTISEMENT octets, versions 2 and 3.

Version 3 (RFC 9568 5.2)                     Version 2 (RFC 3768 5.3, RFC 2338 5.3 for the password)

    0  version 3, type 1                         0  version 2, type 1
    1  VRID                                      1  VRID
    2  priority                                  2  priority
    3  address count                             3  address count
    4  reserved (4 bits),                        4  authentication type
       Max Advertise Interval (12 bits)          5  advertisement interval, seconds
    6  checksum                                  6  checksum
    8  addresses of 4 or 16 octets               8  addresses of 4 octets
                                              last  authentication data, 8 octets
"""

import struct

from haven.core.checksum import internet_checksum, pseudo_header
from haven.core.clock import CENTISECOND, SECOND
from haven.core.value import Value
from haven.core.vrrp.constants import (
    HIGHEST_PRIORITY,
    HIGHEST_VRID,
    INTERVAL_UNIT_US,
    LOWEST_VRID,
    MESSAGE,
    MOST_ADDRESSES,
    MOST_INTERVAL_UNITS,
    PASSWORD_LENGTH,
    PROTOCOL,
    PSEUDO_HEADER,
    RESIGNATION,
    VERSIONS,
    is_carp,
    is_link_local,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

ADVERTISEMENT = 1
HEADER_LENGTH = 8
AUTH_NONE = 0
AUTH_PASSWORD = 1

# Every reason for which a received packet can be dropped, in the order of the checks (RFC 9568 7.1).
REASONS = (
    "ttl",
    "version",
    "type",
    "length",
    "checksum",
    "vrid",
    "count",
    "interval",
    "auth_type",
    "auth_data",
    "link_local",
    "source",
    # Of authenticated VRRP (haven.core.auth).
    "auth_unwanted",
    "auth_missing",
    "auth_malformed",
    "auth_key",
    "auth_hash",
    "auth_stale",
    "auth_replay",
    # Of CARP (haven.core.carp).
    "digest",
    "replay",
)
# What authenticated VRRP puts behind an ADVERTISEMENT (haven.core.auth.trailer).
AUTH_TRAILER_LENGTH = 28


class PacketError(Exception):
    """A received packet fails a check; `reason` is one of REASONS."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text


class Advert(Value):
    """A decoded ADVERTISEMENT: addresses as octets, the interval in microseconds."""

    def __init__(
        self,
        version: int,
        vrid: int,
        priority: int,
        interval_us: int,
        addresses: "tuple[bytes, ...]",
        auth: "bytes | None" = None,
        checksum: str = PSEUDO_HEADER,
    ) -> None:
        self.version = version
        self.vrid = vrid
        self.priority = priority
        self.interval_us = interval_us
        self.addresses = addresses
        self.auth = auth
        self.checksum = checksum


def encode(advert: Advert, source: bytes, destination: bytes) -> bytes:
    """Return the octets of an ADVERTISEMENT from one address to another.

    Raises ValueError for a field that does not fit: MicroPython's struct would cut it off silently.
    """
    _check_fields(advert)
    if advert.version == 2:
        return _encode_v2(advert)
    units = advert.interval_us // CENTISECOND
    head = struct.pack("!BBBBH", 0x31, advert.vrid, advert.priority, len(advert.addresses), units)
    body = b"".join(advert.addresses)
    message = head + b"\0\0" + body
    if len(source) == 16 or advert.checksum == PSEUDO_HEADER:
        total = internet_checksum(pseudo_header(source, destination, len(message), PROTOCOL) + message)
    else:
        total = internet_checksum(message)
    return head + struct.pack("!H", total) + body


def decode(message: bytes, source: bytes, destination: bytes) -> Advert:
    """Return the ADVERTISEMENT in an IP payload, after the checks that need no configuration.

    Raises PacketError for the first check that fails, in the order of RFC 9568 7.1.
    """
    if len(message) < HEADER_LENGTH:
        raise PacketError("length", "%d octets are too few for a header" % len(message))
    version, kind = message[0] >> 4, message[0] & 15
    if version not in VERSIONS:
        raise PacketError("version", "version %d is neither 2 nor 3" % version)
    if kind != ADVERTISEMENT:
        raise PacketError("type", "type %d is not ADVERTISEMENT" % kind)
    size = len(source)
    trailer = PASSWORD_LENGTH if version == 2 else 0
    expected = HEADER_LENGTH + size * message[3] + trailer
    if len(message) == expected + AUTH_TRAILER_LENGTH:
        raise PacketError("auth_unwanted", "it carries an authentication trailer and we have no auth_key")
    if len(message) != expected:
        if is_carp(message):
            raise PacketError("version", "it is CARP, not VRRP")
        raise PacketError("length", "%d octets instead of %d" % (len(message), expected))
    dialect = _checksum_dialect(version, message, source, destination)
    return _decode_fields(version, message, size, dialect)


def _check_fields(advert: Advert) -> None:
    _check("version", advert.version, VERSIONS[0], VERSIONS[-1])
    _check("vrid", advert.vrid, LOWEST_VRID, HIGHEST_VRID)
    _check("priority", advert.priority, RESIGNATION, HIGHEST_PRIORITY)
    _check("address count", len(advert.addresses), 1, MOST_ADDRESSES)
    units = advert.interval_us // INTERVAL_UNIT_US[advert.version]
    _check("interval in units of the packet", units, 1, MOST_INTERVAL_UNITS[advert.version])


def _check(what: str, number: int, low: int, high: int) -> None:
    if not low <= number <= high:
        raise ValueError("%s %d is not in %d..%d" % (what, number, low, high))


def _encode_v2(advert: Advert) -> bytes:
    auth_type = AUTH_NONE if advert.auth is None else AUTH_PASSWORD
    seconds = advert.interval_us // SECOND
    head = struct.pack(
        "!BBBBBB", 0x21, advert.vrid, advert.priority, len(advert.addresses), auth_type, seconds
    )
    body = b"".join(advert.addresses) + padded_password(advert.auth)
    return head + struct.pack("!H", internet_checksum(head + b"\0\0" + body)) + body


def padded_password(password: "bytes | None") -> bytes:
    """Return the 8 octets of authentication data for a password, or for none (RFC 2338 5.3.6.1)."""
    octets = (password or b"")[:PASSWORD_LENGTH]
    return octets + bytes(PASSWORD_LENGTH - len(octets))


def _checksum_dialect(version: int, message: bytes, source: bytes, destination: bytes) -> str:
    # Over a message that holds its own checksum the sum comes out as zero.
    if version == 2 or len(source) == 4:
        if internet_checksum(message) == 0:
            return MESSAGE
        if version == 2:
            raise PacketError("checksum", "the checksum is wrong")
    if internet_checksum(pseudo_header(source, destination, len(message), PROTOCOL) + message) == 0:
        return PSEUDO_HEADER
    raise PacketError("checksum", "the checksum is wrong")


def _decode_fields(version: int, message: bytes, size: int, dialect: str) -> Advert:
    end = HEADER_LENGTH + size * message[3]
    addresses = tuple(message[at : at + size] for at in range(HEADER_LENGTH, end, size))
    auth = None
    if version == 2:
        interval_us = message[5] * SECOND
        if message[4] != AUTH_NONE:
            # The type stands before the data, so that no other type equals a password.
            auth = bytes((message[4],)) + message[end:]
    else:
        interval_us = (((message[4] & 15) << 8) | message[5]) * CENTISECOND
    return Advert(version, message[1], message[2], interval_us, addresses, auth, dialect)


def check_auth(advert: Advert, password: "bytes | None") -> None:
    """Check a version 2 ADVERTISEMENT against our password (RFC 2338 7.1).

    Raises PacketError with the reason auth_type or auth_data.
    """
    if password is None:
        if advert.auth is not None:
            raise PacketError("auth_type", "it carries authentication and we use none")
        return
    if advert.auth is None or advert.auth[0] != AUTH_PASSWORD:
        raise PacketError("auth_type", "it does not carry a password and we use one")
    if advert.auth[1:] != padded_password(password):
        raise PacketError("auth_data", "its password is not ours")


def check_contents(advert: Advert, family: int) -> None:
    """Check what RFC 9568 7.1 with its errata asks of the fields.

    Raises PacketError with the reason count, interval or link_local.
    """
    if not advert.addresses:
        raise PacketError("count", "it names no address")
    if advert.interval_us == 0:
        raise PacketError("interval", "its interval is zero")
    if family == 6 and not is_link_local(advert.addresses[0]):
        raise PacketError("link_local", "its first address is not link-local")


def same_addresses(ours: "Sequence[bytes]", theirs: "Sequence[bytes]") -> bool:
    """Tell whether two lists name the same addresses, in whatever order."""
    return sorted(ours) == sorted(theirs)
