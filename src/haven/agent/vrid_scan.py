# SPDX-License-Identifier: GPL-2.0-or-later
"""Which virtual routers other routers advertise on a link, so that a new one does not take their VRID."""

import select
import struct
import time
from typing import Any

from haven import light_socket as socket
from haven.agent.vrrp_filter import ETH_P_IP, LARGEST_PACKET, SHORTEST_IP_HEADER, only_vrrp
from haven.core.frame import multicast_mac
from haven.core.vrrp.advert import PacketError, decode
from haven.core.vrrp.constants import GROUP_V4, is_carp
from haven.light import suppress

SOL_PACKET = 263
PACKET_ADD_MEMBERSHIP = 1
PACKET_MR_MULTICAST = 0

MOST_DEVICES = 16
# Three advertisements at the usual interval: a virtual router that lives is heard.
LISTEN_S = 3.2
# There are 255 VRIDs; who sends more than this is nobody's router.
MOST_HEARD = 512

Heard = dict[str, Any]


class VridScan:
    """Collects the IPv4 ADVERTISEMENTs that come in on devices, one for each VRID and source.

    Of more than MOST_DEVICES devices the first are listened on.
    """

    def __init__(self, devices: list[str]) -> None:
        self._opened = {device: _open(device) for device in dict.fromkeys(devices[:MOST_DEVICES])}
        self._heard: dict[socket.socket, dict[tuple[int, str], Heard]] = {
            packets: {} for packets in self._opened.values() if packets
        }

    @property
    def sockets(self) -> list[socket.socket]:
        """What is listened on; none blocks."""
        return list(self._heard)

    def take(self, packets: socket.socket) -> None:
        """Take a packet from one of the sockets."""
        # A device that goes down meanwhile is told by an error, once.
        with suppress(OSError):
            advert = _read(packets.recv(LARGEST_PACKET))
            known = self._heard[packets]
            if advert is not None and len(known) < MOST_HEARD:
                known[advert["vrid"], advert["source"]] = advert

    def heard(self) -> dict[str, list[Heard] | None]:
        """Return what was heard on each device.

        None stands for a device that is not there, or that there is no right to listen on.
        """
        opened = self._opened.items()
        return {
            device: list(self._heard[packets].values()) if packets else None for device, packets in opened
        }

    def close(self) -> None:
        """Listen no more."""
        for packets in self._heard:
            packets.close()


def listen(devices: list[str], seconds: float) -> dict[str, list[Heard] | None]:
    """Collect for so long; for a program that does nothing else."""
    scan = VridScan(devices)
    end = time.monotonic() + seconds
    try:
        while scan.sockets and (left := end - time.monotonic()) > 0:
            for packets in select.select(scan.sockets, [], [], left)[0]:
                scan.take(packets)
    finally:
        scan.close()
    return scan.heard()


def _open(device: str) -> socket.socket | None:
    # A packet socket, because the firewall would keep VRRP from another kind.
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
    try:
        only_vrrp(packets)
        packets.setblocking(False)
        packets.bind((device, ETH_P_IP))
        mac = multicast_mac(GROUP_V4)
        request = struct.pack("iHH8s", socket.if_nametoindex(device), PACKET_MR_MULTICAST, len(mac), mac)
        packets.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, request)
    except OSError:
        packets.close()
        return None
    return packets


def _read(packet: bytes) -> Heard | None:
    header = (packet[0] & 15) * 4 if packet else 0
    if len(packet) < max(header, SHORTEST_IP_HEADER):
        return None
    source, destination = packet[12:16], packet[16:20]
    # What follows the IP packet is padding of a short Ethernet frame.
    length = int.from_bytes(packet[2:4], "big")
    message = packet[header:length]
    if is_carp(message):
        # It shares VRRP's MAC addresses, and so its numbers; its priority is not one of VRRP's.
        return {"vrid": message[1], "source": socket.inet_ntoa(source), "priority": 0, "addresses": []}
    try:
        advert = decode(message, source, destination)
    except PacketError:
        return None
    return {
        "vrid": advert.vrid,
        "source": socket.inet_ntoa(source),
        "priority": advert.priority,
        "addresses": [socket.inet_ntoa(address) for address in advert.addresses if len(address) == 4],
    }
