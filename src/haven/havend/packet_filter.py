# SPDX-License-Identifier: GPL-2.0-or-later
"""A filter that lets the kernel drop what is for none of our virtual routers, before anybody reads it.

It is a program of the classic BSD packet filter: (code, jump if true, jump if false, operand) each. Of what
it drops, a few packets taken by chance pass all the same: else nobody would know of a flood.
"""

import struct

from haven.core.announce import ARP_REPLY, NEIGHBOUR_ADVERTISEMENT
from haven.core.checksum import ICMPV6_PROTOCOL
from haven.core.vrrp.constants import TTL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    Instruction = tuple[int, int, int, int]

LOAD_WORD, LOAD_HALF, LOAD_OCTET = 0x20, 0x28, 0x30
LOAD_OCTET_AFTER = 0x50
LOAD_HEADER_LENGTH = 0xB1
JUMP_EQUAL, JUMP_GREATER, JUMP_NOT_LESS = 0x15, 0x25, 0x35
RETURN = 0x06
# Offsets from here count from the IP header (linux/filter.h, SKF_NET_OFF).
NETWORK = 0xFFF00000
TTL_AT = {4: NETWORK + 8, 6: NETWORK + 7}
SOURCE_AT = {4: NETWORK + 12, 6: NETWORK + 8}
VRID_AT = 1
# A number by chance is there as if it stood in the packet (linux/filter.h, SKF_AD_OFF + SKF_AD_RANDOM).
CHANCE_AT = 0xFFFFF000 + 56
# In a frame of Ethernet: of ARP (RFC 826), and of IPv6 with ICMPv6 (RFC 4861 4.4).
ARP_OPERATION_AT, ARP_SENDER_AT = 20, 28
NEXT_HEADER_AT, ICMP_TYPE_AT, TARGET_AT = 20, 54, 62
# One of so many that would be dropped passes.
SAMPLED = 256
ACCEPT = (RETURN, 0, 0, 0x40000)
DROP = (RETURN, 0, 0, 0)
DROP_MOST = [(LOAD_WORD, 0, 0, CHANCE_AT), (JUMP_GREATER, 1, 0, (1 << 32) // SAMPLED - 1), ACCEPT, DROP]


def vrid_filter(family: int, vrids: "Iterable[int]", only_ttl_255: bool) -> bytes:
    """Return the octets of a filter that lets these VRIDs pass, and of those TTL 255 alone if so asked.

    What it does not let pass is sampled.
    """
    program: list[Instruction] = []
    if only_ttl_255:
        program += [(LOAD_OCTET, 0, 0, TTL_AT[family]), (JUMP_EQUAL, len(DROP_MOST), 0, TTL)] + DROP_MOST
    program += _load_vrid(family)
    for low, high in _ranges(vrids):
        program += [(JUMP_NOT_LESS, 0, 2, low), (JUMP_GREATER, 1, 0, high), ACCEPT]
    program += DROP_MOST
    return b"".join([struct.pack("@HBBI", *each) for each in program])


def arp_replies_filter(addresses: "list[bytes]") -> bytes:
    """Return a filter that lets the ARP replies of these pass, so that nobody else's wake this process."""
    program = [(LOAD_HALF, 0, 0, ARP_OPERATION_AT), (JUMP_EQUAL, 1, 0, ARP_REPLY), DROP]
    program.append((LOAD_WORD, 0, 0, ARP_SENDER_AT))
    for each in addresses:
        program += [(JUMP_EQUAL, 0, 1, struct.unpack("!I", each)[0]), ACCEPT]
    program.append(DROP)
    return b"".join([struct.pack("@HBBI", *each) for each in program])


def neighbour_adverts_filter(addresses: "list[bytes]") -> bytes:
    """Return a filter of whole frames that lets the neighbour advertisements of these addresses pass."""
    program: list[Instruction] = []
    for load, value in ((NEXT_HEADER_AT, ICMPV6_PROTOCOL), (ICMP_TYPE_AT, NEIGHBOUR_ADVERTISEMENT)):
        program += [(LOAD_OCTET, 0, 0, load), (JUMP_EQUAL, 1, 0, value), DROP]
    for address in addresses:
        for index, word in enumerate(struct.unpack("!4I", address)):
            # Another word: on to the next address.
            program += [(LOAD_WORD, 0, 0, TARGET_AT + 4 * index), (JUMP_EQUAL, 0, 7 - 2 * index, word)]
        program.append(ACCEPT)
    program.append(DROP)
    return b"".join([struct.pack("@HBBI", *each) for each in program])


def sources_filter(family: int, sources: "list[bytes]") -> bytes:
    """Return a filter that lets pass what comes from these addresses; the rest is sampled."""
    program: list[Instruction] = []
    for source in sources:
        words = struct.unpack("!%dI" % (len(source) // 4), source)
        for index, word in enumerate(words):
            # Another word: on to the next address.
            rest = 2 * (len(words) - index) - 1
            program += [(LOAD_WORD, 0, 0, SOURCE_AT[family] + 4 * index), (JUMP_EQUAL, 0, rest, word)]
        program.append(ACCEPT)
    program += DROP_MOST
    return b"".join([struct.pack("@HBBI", *each) for each in program])


def _load_vrid(family: int) -> "list[Instruction]":
    # A raw socket of IPv4 sees the IP header, one of IPv6 does not.
    if family == 6:
        return [(LOAD_OCTET, 0, 0, VRID_AT)]
    return [(LOAD_HEADER_LENGTH, 0, 0, 0), (LOAD_OCTET_AFTER, 0, 0, VRID_AT)]


def _ranges(vrids: "Iterable[int]") -> "list[list[int]]":
    found: list[list[int]] = []
    for vrid in sorted(set(vrids)):
        if found and found[-1][1] == vrid - 1:
            found[-1][1] = vrid
        else:
            found.append([vrid, vrid])
    return found
