# SPDX-License-Identifier: GPL-2.0-or-later
"""What a witness is asked with, what it answers, and the greeting by which routers hear each other."""

import struct

from haven.core.announce import ARP_REPLY, BROADCAST, ETHERTYPE_ARP, NEIGHBOUR_ADVERTISEMENT
from haven.core.checksum import ICMPV6_PROTOCOL, internet_checksum, pseudo_header
from haven.core.frame import ETHERTYPE_IPV6

# IEEE 802's first number for experiments: nothing on a link takes a greeting for anything else.
ETHERTYPE_GREETING = 0x88B5
GREETING = b"haven\x01"

ARP_ETHERNET_IPV4 = struct.pack("!HHBB", 1, 0x0800, 6, 4)
NEIGHBOUR_SOLICITATION = 135
SOURCE_LINK_LAYER_ADDRESS = 1
SOLICITED_NODE = b"\xff\x02\0\0\0\0\0\0\0\0\0\x01\xff"
# (request, reply) of ICMP and of ICMPv6.
ECHO = {4: (8, 0), 6: (128, 129)}


def arp_request(mac: bytes, source: bytes, address: bytes, to: bytes = BROADCAST) -> bytes:
    """Return the Ethernet frame that asks who has an address (RFC 826), or asks its holder `to` again."""
    head = to + mac + struct.pack("!H", ETHERTYPE_ARP) + ARP_ETHERNET_IPV4
    return head + struct.pack("!H", 1) + mac + source + bytes(6) + address


def arp_answer(frame: bytes) -> "tuple[bytes, bytes] | None":
    """Return the address and the MAC address of whoever has answered, or None."""
    if len(frame) < 42 or frame[14:20] != ARP_ETHERNET_IPV4 or frame[21] != ARP_REPLY:
        return None
    return frame[28:32], frame[22:28]


def neighbour_solicitation(mac: bytes, source: bytes, address: bytes, to: "bytes | None" = None) -> bytes:
    """Return the Ethernet frame that asks who has an IPv6 address (RFC 4861 4.3), or its holder `to`."""
    group = SOLICITED_NODE + address[13:] if to is None else address
    body = address + struct.pack("!BB6s", SOURCE_LINK_LAYER_ADDRESS, 1, mac)
    head = pseudo_header(source, group, 8 + len(body), ICMPV6_PROTOCOL)
    total = internet_checksum(head + struct.pack("!BBHI", NEIGHBOUR_SOLICITATION, 0, 0, 0) + body)
    message = struct.pack("!BBHI", NEIGHBOUR_SOLICITATION, 0, total, 0) + body
    ip = struct.pack("!IHBB16s16s", 6 << 28, len(message), ICMPV6_PROTOCOL, 255, source, group)
    return (to or b"\x33\x33" + group[12:]) + mac + struct.pack("!H", ETHERTYPE_IPV6) + ip + message


def advertised_address(message: bytes, hops: int) -> "bytes | None":
    """Return the address that a neighbour advertisement of the same link is about, or None."""
    if len(message) < 24 or message[0] != NEIGHBOUR_ADVERTISEMENT or message[1] or hops != 255:
        return None
    return message[8:24]


def frame_advertised(frame: bytes) -> "tuple[bytes, bytes] | None":
    """Return the address that a neighbour advertisement is about and who has sent its frame, or None."""
    if len(frame) < 78 or frame[20] != ICMPV6_PROTOCOL:
        return None
    address = advertised_address(frame[54:], frame[21])
    return None if address is None else (address, frame[6:12])


def echo_request(family: int, mark: bytes) -> bytes:
    """Return an echo request with a mark of four octets; the kernel adds the checksum of ICMPv6."""
    request = ECHO[family][0]
    blank = struct.pack("!BBH", request, 0, 0) + mark
    return struct.pack("!BBH", request, 0, internet_checksum(blank) if family == 4 else 0) + mark


def is_echo_reply(family: int, message: bytes, mark: bytes) -> bool:
    """Tell whether this answers an echo request with that mark."""
    return len(message) >= 8 and message[0] == ECHO[family][1] and message[4:8] == mark


def greeting(mac: bytes, family: int, vrid: int, source: bytes) -> bytes:
    """Return the Ethernet frame that says of a virtual router: I am here, whatever my state."""
    head = BROADCAST + mac + struct.pack("!H", ETHERTYPE_GREETING)
    return head + GREETING + bytes((family, vrid)) + source


def greeted(frame: bytes) -> "tuple[int, int, bytes] | None":
    """Return family, VRID and source address of a greeting, or None."""
    if frame[14:20] != GREETING or len(frame) < 22 or frame[20] not in (4, 6):
        return None
    source = frame[22 : 22 + (4 if frame[20] == 4 else 16)]
    return (frame[20], frame[21], source) if len(source) == (4 if frame[20] == 4 else 16) else None


def standby_greeting(mac: bytes, family: int, vrid: int, source: bytes, priority: int) -> bytes:
    """Return the frame of a greeting that says, too, with which priority a Backup would take over."""
    return greeting(mac, family, vrid, source) + bytes((priority,))


def greeted_priority(frame: bytes) -> "tuple[int, int, bytes, int] | None":
    """Return family, VRID, source address and priority of a Backup's greeting, or None."""
    found = greeted(frame)
    if found is None:
        return None
    at = 22 + len(found[2])
    # Other greetings are filled up with zeros.
    return None if not frame[at : at + 1] or not frame[at] else found + (frame[at],)
