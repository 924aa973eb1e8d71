# SPDX-License-Identifier: GPL-2.0-or-later
"""What is sent to a host to hear whether it lives, and which packets are its answer: octets in and out."""

import struct

from haven.core.checksum import internet_checksum

ECHO = {4: 8, 6: 128}
ECHO_REPLY = {4: 0, 6: 129}
NEIGHBOUR_SOLICITATION, NEIGHBOUR_ADVERTISEMENT = 135, 136
ARP_REQUEST, ARP_REPLY = 1, 2
_ARP_HEAD = struct.pack("!HHBB", 1, 0x0800, 6, 4)
_ROOT_NS = struct.pack("!HH", 2, 1)
_DNS_RESPONSE, _DNS_RECURSION = 0x8000, 0x0100


def arp_request(mac: bytes, address: bytes) -> bytes:
    """Return an ARP probe (RFC 5227): the sender's address is 0, so nobody learns anything from it."""
    return _ARP_HEAD + struct.pack("!H6s4s6s4s", ARP_REQUEST, mac, bytes(4), bytes(6), address)


def is_arp_reply(packet: bytes, mac: bytes, address: bytes) -> bool:
    """Tell whether a host answers an ARP request of ours."""
    if len(packet) < 28 or packet[:6] != _ARP_HEAD:
        return False
    operation, _from, sender, to, _target = struct.unpack("!H6s4s6s4s", packet[6:28])
    return (operation, sender, to) == (ARP_REPLY, address, mac)


def neighbour_solicitation(mac: bytes, address: bytes) -> bytes:
    """Return a neighbour solicitation without its checksum, which the kernel makes (RFC 3542 3.1)."""
    return struct.pack("!BBHI16sBB6s", NEIGHBOUR_SOLICITATION, 0, 0, 0, address, 1, 1, mac)


def is_neighbour_advertisement(packet: bytes, address: bytes) -> bool:
    """Tell whether a host answers a neighbour solicitation, ours or somebody else's: it lives either way."""
    return len(packet) >= 24 and packet[0] == NEIGHBOUR_ADVERTISEMENT and packet[8:24] == address


def solicited_node(address: bytes) -> bytes:
    """Return the multicast group of an IPv6 address (RFC 4291 2.7.1)."""
    return bytes.fromhex("ff0200000000000000000001ff") + address[13:]


def echo_request(family: int, token: bytes, sequence: int) -> bytes:
    """Return an echo request; `token` (10 octets) tells our answers from others'."""
    head = struct.pack("!BBH", ECHO[family], 0, 0)
    rest = token[:2] + struct.pack("!H", sequence) + token[2:]
    if family == 6:
        return head + rest
    return head[:2] + struct.pack("!H", internet_checksum(head + rest)) + rest


def is_echo_reply(family: int, packet: bytes, token: bytes) -> bool:
    """Tell whether this answers an echo request with that token; an IPv4 one has its IP header."""
    if family == 4:
        packet = packet[(packet[0] & 15) * 4 :] if packet else b""
    return len(packet) >= 16 and packet[0] == ECHO_REPLY[family] and packet[4:6] + packet[8:16] == token


def dns_question(number: int, name: str) -> bytes:
    """Return a question for the name servers of a domain."""
    labels = [part.encode() for part in name.rstrip(".").split(".")] if name.strip(".") else []
    written = b"".join(bytes((len(label),)) + label for label in labels) + b"\0"
    return struct.pack("!HHHHHH", number, _DNS_RECURSION, 1, 0, 0, 0) + written + _ROOT_NS


def is_dns_answer(packet: bytes, number: int) -> bool:
    """Tell whether this answers a question: every answer counts, also that there is no such name."""
    if len(packet) < 12:
        return False
    found, flags = struct.unpack("!HH", packet[:4])
    return bool(found == number and flags & _DNS_RESPONSE)
