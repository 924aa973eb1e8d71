# SPDX-License-Identifier: GPL-2.0-or-later
"""What the lab understands of the frames it hears: ARP, neighbour advertisements, VRRP."""

import socket
from dataclasses import dataclass

ETHERNET = 14
ARP, IPV4, IPV6 = 0x0806, 0x0800, 0x86DD
VRRP, ICMPV6 = 112, 58
NEIGHBOUR_ADVERTISEMENT = 136
REQUEST, REPLY = 1, 2


@dataclass(frozen=True)
class Frame:
    """A frame as it came into the switch: when, from which node, and its octets."""

    at: int
    sender: str
    octets: bytes

    @property
    def mac(self) -> str:
        """Tell the Ethernet source."""
        return mac_text(self.octets[6:12])

    @property
    def to_mac(self) -> str:
        """Tell the Ethernet destination."""
        return mac_text(self.octets[:6])

    @property
    def kind(self) -> int:
        """Tell the Ethernet type."""
        return int.from_bytes(self.octets[12:14], "big")

    @property
    def payload(self) -> bytes:
        """Tell what follows the Ethernet header."""
        return self.octets[ETHERNET:]


@dataclass(frozen=True)
class Arp:
    """An ARP packet."""

    at: int
    sender: str
    mac: str
    operation: int
    says_mac: str
    says_address: str
    target: str

    @property
    def gratuitous(self) -> bool:
        """Tell whether it announces its own address."""
        return self.says_address == self.target


@dataclass(frozen=True)
class NeighbourAdvert:
    """An ICMPv6 neighbour advertisement."""

    at: int
    sender: str
    mac: str
    target: str
    says_mac: str | None
    router: bool
    solicited: bool
    override: bool


@dataclass(frozen=True)
class Advert:
    """A VRRP advertisement."""

    at: int
    sender: str
    mac: str
    source: str
    destination: str
    hops: int
    version: int
    vrid: int
    priority: int
    interval_ms: int
    addresses: tuple[str, ...]


def mac_text(octets: bytes) -> str:
    """Write a MAC as `ip` does."""
    return octets.hex(":")


def _ipv4(octets: bytes) -> str:
    return socket.inet_ntop(socket.AF_INET, octets)


def _ipv6(octets: bytes) -> str:
    return socket.inet_ntop(socket.AF_INET6, octets)


def arp(frame: Frame) -> Arp | None:
    """Read an ARP packet."""
    packet = frame.payload
    if frame.kind != ARP or len(packet) < 28:
        return None
    return Arp(
        frame.at,
        frame.sender,
        frame.mac,
        packet[7],
        mac_text(packet[8:14]),
        _ipv4(packet[14:18]),
        _ipv4(packet[24:28]),
    )


def neighbour_advert(frame: Frame) -> NeighbourAdvert | None:
    """Read a neighbour advertisement."""
    packet = frame.payload
    if frame.kind != IPV6 or len(packet) < 64 or packet[6] != ICMPV6 or packet[40] != NEIGHBOUR_ADVERTISEMENT:
        return None
    flags, option = packet[44], packet[64:72]
    return NeighbourAdvert(
        frame.at,
        frame.sender,
        frame.mac,
        _ipv6(packet[48:64]),
        mac_text(option[2:8]) if option[:1] == b"\x02" else None,
        bool(flags & 0x80),
        bool(flags & 0x40),
        bool(flags & 0x20),
    )


def advert(frame: Frame) -> Advert | None:
    """Read a VRRP advertisement over either family."""
    packet = frame.payload
    if frame.kind == IPV4 and packet[9] == VRRP:
        header, hops, text, width = (packet[0] & 15) * 4, packet[8], _ipv4, 4
        source, destination = packet[12:16], packet[16:20]
    elif frame.kind == IPV6 and packet[6] == VRRP:
        header, hops, text, width = 40, packet[7], _ipv6, 16
        source, destination = packet[8:24], packet[24:40]
    else:
        return None
    body = packet[header:]
    version, count = body[0] >> 4, body[3]
    addresses = [body[8 + n * width : 8 + (n + 1) * width] for n in range(count)]
    # Version 2 tells whole seconds, version 3 twelve bits of hundredths.
    interval = body[5] * 1000 if version == 2 else (int.from_bytes(body[4:6], "big") & 0xFFF) * 10
    return Advert(
        frame.at,
        frame.sender,
        frame.mac,
        text(source),
        text(destination),
        hops,
        version,
        body[1],
        body[2],
        interval,
        tuple(text(octets) for octets in addresses if len(octets) == width),
    )
