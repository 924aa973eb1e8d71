# SPDX-License-Identifier: GPL-2.0-or-later
"""Who answers for IPv4 addresses on a link, asked by ARP without one of our own (RFC 5227 2.1.1)."""

import select
import socket
import struct
import time
from collections.abc import Iterable, Sequence

from haven.core.announce import BROADCAST, ETHERTYPE_ARP
from haven.inet import octets_of, text_of

REQUEST = 1
# Three questions, as a frame may be lost, and time for the last answer.
ROUNDS, ROUND_S, LAST_S = 3, 0.25, 0.5
LARGEST_FRAME = 1514
ETHERNET, ARP_LENGTH = 14, 28


def who_answers(device: str, addresses: Sequence[str]) -> set[str]:
    """Return those of the addresses that another device on the link has; none where nobody can be asked."""
    try:
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETHERTYPE_ARP)) as link:
            link.bind((device, ETHERTYPE_ARP))
            return _ask(link, addresses)
    except OSError:
        # A device that is down, or not there, has no neighbours.
        return set()


def _ask(link: socket.socket, addresses: Sequence[str]) -> set[str]:
    own = link.getsockname()[4]
    wanted = {octets_of(address) for address in addresses}
    found: set[bytes] = set()
    for number in range(1, ROUNDS + 1):
        for address in wanted - found:
            link.send(probe(own, address))
        found |= wanted & set(_senders(link, own, LAST_S if number == ROUNDS else ROUND_S))
    return {text_of(address) for address in found}


def probe(mac: bytes, address: bytes) -> bytes:
    """Return the Ethernet frame of an ARP probe."""
    ethernet = BROADCAST + mac + struct.pack("!H", ETHERTYPE_ARP)
    request = struct.pack("!HHBBH", 1, 0x0800, 6, 4, REQUEST)
    return ethernet + request + mac + bytes(4) + bytes(6) + address


def _senders(link: socket.socket, own: bytes, seconds: float) -> Iterable[bytes]:
    """Yield whose address others say they have, until the time is over."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if not select.select([link], [], [], left)[0]:
            return
        sender = sender_of(link.recv(LARGEST_FRAME), own)
        if sender is not None:
            yield sender


def sender_of(frame: bytes, own: bytes) -> bytes | None:
    """Return the IPv4 address that an ARP frame of somebody else speaks for, or None."""
    packet = frame[ETHERNET : ETHERNET + ARP_LENGTH]
    if len(packet) < ARP_LENGTH or packet[:6] != struct.pack("!HHBB", 1, 0x0800, 6, 4):
        return None
    mac, address = packet[8:14], packet[14:18]
    return None if mac == own or address == bytes(4) else address
