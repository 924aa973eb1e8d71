# SPDX-License-Identifier: GPL-2.0-or-later
"""Sends frames of VRRP on each link and hears those of others, before the firewall and behind it."""

import select
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

from haven.agent.vrrp_filter import ETH_P_IP, LARGEST_PACKET, only_vrrp
from haven.core.frame import ETHERTYPE_IPV6, multicast_mac
from haven.core.vrrp.constants import PROTOCOL, TTL, is_link_local, multicast_group
from haven.doctor import trial_frames
from haven.doctor.lookout import AdvertPlace, Lookout
from haven.doctor.wire_tally import WireTally
from haven.inet import octets_of

SOL_PACKET, PACKET_ADD_MEMBERSHIP, PACKET_MR_MULTICAST = 263, 1, 0
OUTGOING = 4
# A link full of VRRP costs a moment, and no more.
MOST_READ = 256
# Before anything is sent: which VRIDs others use has to be known.
LISTEN_FIRST_S = 1.1
SEND_EVERY_S = 0.2
MOST_PLACES = 32


class WireLink:
    """One link and family: three sockets, and what was heard."""

    def __init__(self, place: AdvertPlace, addresses: list[str]) -> None:
        self.place = place
        own = [octets_of(text) for text in addresses if (":" in text) == (place.family == 6)]
        self.tally = WireTally(place.family, own)
        self.sent = 0
        self._index = socket.if_nametoindex(place.device)
        self._source = _source(place.family, own)
        self._sockets: list[socket.socket] = []
        self.wire = self._open(self._listen_on_wire)
        self.host = self._open(self._listen_behind_firewall)
        self._mac = self.wire.getsockname()[4]

    def _open(self, make: Callable[[], socket.socket]) -> socket.socket:
        try:
            self._sockets.append(make())
        except OSError:
            self.close()
            raise
        self._sockets[-1].setblocking(False)
        return self._sockets[-1]

    def _listen_on_wire(self) -> socket.socket:
        family = self.place.family
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        only_vrrp(sock, family)
        sock.bind((self.place.device, ETH_P_IP if family == 4 else ETHERTYPE_IPV6))
        mac = multicast_mac(multicast_group(family))
        request = struct.pack("iHH8s", self._index, PACKET_MR_MULTICAST, len(mac), mac)
        sock.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, request)
        return sock

    def _listen_behind_firewall(self) -> socket.socket:
        family, group = self.place.family, multicast_group(self.place.family)
        sock = socket.socket(socket.AF_INET if family == 4 else socket.AF_INET6, socket.SOCK_RAW, PROTOCOL)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self.place.device.encode() + b"\0")
        if family == 4:
            sock.setsockopt(
                socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, struct.pack("=4s4xi", group, self._index)
            )
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, TTL)
        else:
            sock.setsockopt(
                socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group + struct.pack("=i", self._index)
            )
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, TTL)
        return sock

    def read(self, sock: socket.socket) -> None:
        """Take what has come in on one of the two."""
        for _ in range(MOST_READ):
            try:
                packet, where = sock.recvfrom(LARGEST_PACKET)
            except OSError:
                return
            if sock is self.wire:
                self.tally.hear(packet, where[4], where[2] == OUTGOING)
            else:
                header = (packet[0] & 15) * 4 if self.place.family == 4 and packet else 0
                self.tally.let_in(packet[header:], octets_of(where[0].partition("%")[0]))

    def send(self, vrid: int) -> None:
        """Send each kind of frame once. Raises OSError."""
        if self._source is None or not vrid:
            return
        if self.place.peers:
            self._send_unicast(vrid)
        else:
            self._send_frames(vrid)
        self.sent += 1

    def _send_frames(self, vrid: int) -> None:
        assert self._source is not None
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
            sock.bind((self.place.device, 0))
            for frame in trial_frames.frames(self._mac, self._source, vrid, self.place.virtual):
                sock.send(frame)

    def _send_unicast(self, vrid: int) -> None:
        assert self._source is not None
        for peer in self.place.peers:
            message = trial_frames.message(vrid, trial_frames.MULTICAST, self._source, octets_of(peer))
            scope = self._index if peer.startswith("fe80") else 0
            self.host.sendto(message, (peer, 0) if self.place.family == 4 else (peer, 0, 0, scope))

    def facts(self) -> dict[str, Any]:
        """Return what there is to tell."""
        return {
            "device": self.place.device,
            "family": self.place.family,
            "foreign": self.place.virtual and not self.place.peers,
            "sent": self.sent,
            "rows": self.tally.rows(),
            "passed": sorted([source, mark] for source, mark in self.tally.passed),
        }

    def close(self) -> None:
        """Let go of the sockets."""
        for sock in self._sockets:
            sock.close()


def _source(family: int, own: list[bytes]) -> bytes | None:
    fitting = [each for each in own if family == 4 or is_link_local(each)]
    return fitting[0] if fitting else None


def watch(around: Lookout, addresses: dict[str, list[str]], is_over: Callable[[], bool]) -> dict[str, Any]:
    """Send and hear on all links of virtual routers until it is over.

    `addresses` are the own ones of each device.
    """
    links, silent = _open_links(around.places()[:MOST_PLACES], addresses)
    try:
        _listen(links, {router["vrid"] for router in around.routers}, is_over)
    finally:
        for link in links:
            link.close()
    return {"links": [link.facts() for link in links], "silent": silent}


def _open_links(
    places: list[AdvertPlace], addresses: dict[str, list[str]]
) -> tuple[list[WireLink], list[Any]]:
    links, silent = [], []
    for place in places:
        try:
            links.append(WireLink(place, addresses.get(place.device, [])))
        except OSError as why:
            silent.append([place.device, place.family, why.strerror or str(why)])
    return links, silent


def _listen(links: list[WireLink], used: set[int], is_over: Callable[[], bool]) -> None:
    sockets = {sock: link for link in links for sock in (link.wire, link.host)}
    send_at = time.monotonic() + LISTEN_FIRST_S
    vrid = 0
    while not is_over():
        left = max(0.0, min(send_at - time.monotonic(), SEND_EVERY_S))
        for sock in select.select(list(sockets), [], [], left)[0]:
            sockets[sock].read(sock)
        if time.monotonic() >= send_at:
            vrid = vrid or trial_frames.free_vrid(used.union(*(link.tally.vrids() for link in links)))
            for link in links:
                _send(link, vrid)
            send_at = time.monotonic() + SEND_EVERY_S


def _send(link: WireLink, vrid: int) -> None:
    try:
        link.send(vrid)
    except OSError:
        # The link has gone down; what is not sent is not heard either, and named there.
        return
