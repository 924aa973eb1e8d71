# SPDX-License-Identifier: GPL-2.0-or-later
"""The frames that tell a link where an address is now: gratuitous ARP and unsolicited NA."""

import struct

from haven.core.frame import icmpv6_frame

BROADCAST = b"\xff\xff\xff\xff\xff\xff"
ALL_NODES = bytes((0xFF, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1))
ALL_NODES_MAC = b"\x33\x33\x00\x00\x00\x01"

ETHERTYPE_ARP = 0x0806
ARP_REPLY = 2

NEIGHBOUR_ADVERTISEMENT = 136
TARGET_LINK_LAYER_ADDRESS = 2
# Router and Override set, Solicited not (RFC 9568 6.4.2; RFC 4861 4.4).
ROUTER_OVERRIDE = 0xA0000000


def gratuitous_arp(mac: bytes, address: bytes) -> bytes:
    """Return the Ethernet frame of an ARP request for our own address (RFC 9568 6.4.2; RFC 5227 3)."""
    ethernet = BROADCAST + mac + struct.pack("!H", ETHERTYPE_ARP)
    request = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1)
    return ethernet + request + mac + address + BROADCAST + address


def unsolicited_advertisement(mac: bytes, address: bytes) -> bytes:
    """Return the Ethernet frame of an unsolicited neighbour advertisement (RFC 4861 7.2.6)."""
    body = address + struct.pack("!BB6s", TARGET_LINK_LAYER_ADDRESS, 1, mac)
    message = struct.pack("!BBHI", NEIGHBOUR_ADVERTISEMENT, 0, 0, ROUTER_OVERRIDE) + body
    return icmpv6_frame(ALL_NODES_MAC, mac, address, ALL_NODES, message)


def announcement(mac: bytes, address: bytes) -> bytes:
    """Return the frame for an address of either family."""
    if len(address) == 4:
        return gratuitous_arp(mac, address)
    return unsolicited_advertisement(mac, address)
