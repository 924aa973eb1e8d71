# SPDX-License-Identifier: GPL-2.0-or-later
"""Who answers for IPv4 addresses on links, all asked at once by ARP, without an address of one's own."""

import select
import socket
import time

from haven.agent.tracking.probe_packets import arp_request
from haven.core.announce import BROADCAST, ETHERTYPE_ARP
from haven.inet import octets_of, text_of

ROUNDS, ROUND_S = 4, 0.35
MOST_READ, MOST_MACS = 128, 8
MOST_TARGETS = 64
REPLY = b"\0\2"

Target = tuple[str, str]  # device, address
# Of each place the MAC addresses, and whether that was an answer.
Heard = dict[tuple[str, bytes], dict[str, bool]]


def answers(targets: list[Target]) -> list[list[object]]:
    """Return [device, address, MAC addresses that say they have it, whether one of them has answered].

    A link on which nobody can be asked is left out.
    """
    asked = list(dict.fromkeys(targets))[:MOST_TARGETS]
    sockets = {device: sock for device in dict(asked) if (sock := _open(device))}
    heard: Heard = {(device, octets_of(address)): {} for device, address in asked if device in sockets}
    try:
        for _ in range(ROUNDS):
            _ask(sockets, heard)
            _listen(sockets, heard, time.monotonic() + ROUND_S)
    finally:
        for sock in sockets.values():
            sock.close()
    return [
        [device, text_of(address), sorted(set(macs)), any(macs.values())]
        for (device, address), macs in heard.items()
    ]


def _open(device: str) -> socket.socket | None:
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
    try:
        sock.setblocking(False)
        sock.bind((device, ETHERTYPE_ARP))
    except OSError:
        sock.close()
        return None
    return sock


def _ask(sockets: dict[str, socket.socket], heard: Heard) -> None:
    for device, address in heard:
        sock = sockets[device]
        try:
            question = arp_request(sock.getsockname()[4], address)
            sock.sendto(question, (device, ETHERTYPE_ARP, 0, 0, BROADCAST))
        except OSError:
            # A link that is down has no neighbours.
            continue


def _listen(sockets: dict[str, socket.socket], heard: Heard, end: float) -> None:
    names = {sock: device for device, sock in sockets.items()}
    while (left := end - time.monotonic()) > 0:
        for sock in select.select(list(names), [], [], left)[0]:
            for packet in _packets(sock):
                macs = heard.get((names[sock], packet[14:18]))
                if macs is not None and len(macs) < MOST_MACS:
                    mac = packet[8:14].hex(":")
                    macs[mac] = macs.get(mac, False) or packet[6:8] == REPLY


def _packets(sock: socket.socket) -> list[bytes]:
    """Return ARP packets of other machines."""
    found, own = [], sock.getsockname()[4]
    for _ in range(MOST_READ):
        try:
            packet = sock.recv(64)
        except OSError:
            break
        if len(packet) >= 28 and packet[8:14] != own:
            found.append(packet)
    return found
