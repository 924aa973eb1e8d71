# SPDX-License-Identifier: GPL-2.0-or-later
"""CARP advertisements as octets; there is no RFC, OpenBSD's netinet/ip_carp.h is the reference.

0  version 2, type 1              6  checksum of these 36 octets, without a pseudo-header
1  VHID                           8  counter
2  advskew, 1/256 s              16  HMAC-SHA1 by the password of version, type, VHID, the addresses
3  7: the words that follow          and the counter; nothing else is protected
4  demotion (OpenBSD; others: 0)
5  advbase, seconds
"""

import struct

from haven.core.carp.sha1 import hmac_sha1, keyed_pads
from haven.core.checksum import internet_checksum
from haven.core.value import Value
from haven.core.vrrp.advert import PacketError
from haven.core.vrrp.constants import CARP_LENGTH, CARP_WORDS, is_link_local

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

VERSION_AND_TYPE = 0x21
# OpenBSD's CARP_KEY_LEN.
MOST_PASSWORD = 20
# What a master says that leaves: it would be silent for longer than anybody waits.
LEAVES = (255, 255)


class CarpAdvert(Value):
    """A decoded advertisement; `priority` is its rank for the group, and is found by who hears it."""

    def __init__(
        self, vhid: int, advbase: int, advskew: int, demote: int, counter: int, digest: bytes
    ) -> None:
        self.vhid = vhid
        self.advbase = advbase
        self.advskew = advskew
        self.demote = demote
        self.counter = counter
        self.digest = digest
        self.priority = 0


class Digests:
    """The digests of one VHID: by the addresses of all that have the password, and by those of OpenBSD."""

    def __init__(self, password: bytes, vhid: int, addresses: "Iterable[bytes]") -> None:
        self._pads = keyed_pads(password)
        ordered = _in_order(addresses)
        without = [each for each in ordered if not is_link_local(each)]
        head = bytes((2, 1, vhid))
        # FreeBSD sends and takes the first; OpenBSD sends the second and takes both.
        self._heads = [head + b"".join(ordered)]
        if without != ordered:
            self._heads.append(head + b"".join(without))

    def of(self, counter: int) -> bytes:
        """Return the digest to send with a counter."""
        return hmac_sha1(self._pads, self._heads[0] + struct.pack("!Q", counter))

    def fit(self, advert: CarpAdvert) -> bool:
        """Tell whether an advertisement is of somebody who has the password, and these addresses."""
        counter = struct.pack("!Q", advert.counter)
        return any(hmac_sha1(self._pads, head + counter) == advert.digest for head in self._heads)


def _in_order(addresses: "Iterable[bytes]") -> "list[bytes]":
    return sorted(addresses, key=lambda each: (len(each), each))


def encode(advert: CarpAdvert) -> bytes:
    """Return the octets of an advertisement. Raises ValueError for a field that does not fit."""
    for number in (advert.vhid, advert.advskew, advert.demote, advert.advbase):
        if not 0 <= number <= 255:
            raise ValueError("%d is not in 0..255" % number)
    head = bytes((VERSION_AND_TYPE, advert.vhid, advert.advskew, CARP_WORDS))
    head += bytes((advert.demote, advert.advbase))
    body = struct.pack("!Q", advert.counter) + advert.digest
    return head + struct.pack("!H", internet_checksum(head + b"\0\0" + body)) + body


def decode(message: bytes) -> CarpAdvert:
    """Return the advertisement in an IP payload. Raises PacketError for the first check that fails."""
    if len(message) < 8:
        raise PacketError("length", "%d octets are too few for a header" % len(message))
    version, kind = message[0] >> 4, message[0] & 15
    if version != VERSION_AND_TYPE >> 4:
        raise PacketError("version", "it is of version %d: VRRP, not CARP" % version)
    if kind != VERSION_AND_TYPE & 15:
        raise PacketError("type", "type %d is not an advertisement" % kind)
    if len(message) != CARP_LENGTH or message[3] != CARP_WORDS:
        raise PacketError("length", "%d octets are not CARP's %d" % (len(message), CARP_LENGTH))
    if internet_checksum(message) != 0:
        raise PacketError("checksum", "the checksum is wrong")
    counter = struct.unpack("!Q", message[8:16])[0]
    return CarpAdvert(message[1], message[5], message[2], message[4], counter, message[16:])
