# SPDX-License-Identifier: GPL-2.0-or-later
"""The sockets of one device through which witnesses are asked and routers greet each other."""

import os

from haven.core.announce import ETHERTYPE_ARP, NEIGHBOUR_ADVERTISEMENT
from haven.core.witness_frames import (
    ECHO,
    ETHERTYPE_GREETING,
    advertised_address,
    arp_answer,
    arp_request,
    echo_request,
    greeted,
    greeting,
    is_echo_reply,
    neighbour_solicitation,
)
from haven.havend.host import system
from haven.havend.packet_filter import arp_replies_filter

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from haven.havend.netlink_messages import KernelLink

    # By what, whose answer, and its MAC address where that is known.
    Answered = Callable[[str, str, bytes, bytes | None], None]
    Greeted = Callable[[str, int, int, bytes], None]

# What a socket is for; all but the last are how a witness has answered, too.
ARP, NEIGHBOUR, PING, HELLO = "arp", "neighbour", "echo", "greeting"

# Whoever sends more within one round of asking is not a witness; the rest of that round is not read.
AT_ONCE = 64
LONGEST = 2048


class WitnessSockets:
    """Asks on a device, and hands over what is answered and greeted there."""

    def __init__(
        self, link: "KernelLink", poller: system.Poller, answered: "Answered", heard: "Greeted"
    ) -> None:
        self.link = link
        self._poller = poller
        self._answered, self._heard = answered, heard
        # What is read by each; opened when it is first needed.
        self._readers: dict[int, tuple[socket.socket, Callable[[socket.socket], bool]]] = {}
        self._by_use: dict[tuple[str, int], socket.socket] = {}
        self._resting: list[int] = []
        # By this an answer is known to be ours.
        self._mark = os.urandom(4)
        self._asked: list[bytes] = []

    def close(self) -> None:
        """Let go of every socket."""
        for descriptor, (sock, _read) in self._readers.items():
            self._poller.remove(descriptor)
            sock.close()
        self._readers, self._by_use, self._resting = {}, {}, []

    def expect(self, addresses: "list[bytes]") -> None:
        """Read the ARP replies of these alone."""
        asked = [each for each in addresses if len(each) == 4]
        if asked != self._asked:
            self._asked = asked
            if (ARP, 4) in self._by_use:
                system.attach_filter(self._by_use[(ARP, 4)], arp_replies_filter(asked))

    def wake(self) -> None:
        """Read again from what had more than is read within a round."""
        for descriptor in self._resting:
            self._poller.change(descriptor, True, False)
        self._resting = []

    # Asking

    def ask_neighbour(self, source: bytes, address: bytes, mac: "bytes | None") -> None:
        """Ask by ARP or neighbour solicitation; where the MAC address is known, ask that one alone."""
        if len(address) == 4:
            sock = self._frames(ARP, ETHERTYPE_ARP, self._read_arp)
            frame = arp_request(self.link.mac, source, address, mac or b"\xff" * 6)
        else:
            self._icmp(6)
            sock = self._frames(HELLO, ETHERTYPE_GREETING, self._read_greetings)
            frame = neighbour_solicitation(self.link.mac, source, address)
        _send(sock, frame)

    def ask_echo(self, address: bytes) -> None:
        """Ask by ICMP echo."""
        family = 4 if len(address) == 4 else 6
        try:
            system.send_to(self._icmp(family), echo_request(family, self._mark), address, self.link.index)
        except OSError:
            # No route, a full queue: it is asked again soon.
            return

    def greet(self, family: int, vrid: int, source: bytes) -> None:
        """Say that this router is here."""
        sock = self._frames(HELLO, ETHERTYPE_GREETING, self._read_greetings)
        _send(sock, greeting(self.link.mac, family, vrid, source))

    def _frames(self, use: str, ethertype: int, read: "Callable[[socket.socket], bool]") -> "socket.socket":
        sock = self._by_use.get((use, 4))
        if sock is None:
            sock = self._keep((use, 4), system.open_frames(self.link.name, ethertype), read)
            if use == ARP:
                system.attach_filter(sock, arp_replies_filter(self._asked))
        return sock

    def _icmp(self, family: int) -> "socket.socket":
        sock = self._by_use.get((PING, family))
        if sock is None:
            kinds = (ECHO[4][1],) if family == 4 else (ECHO[6][1], NEIGHBOUR_ADVERTISEMENT)
            opened = system.open_icmp(self.link.name, family, kinds)
            read = self._read_icmp_6 if family == 6 else self._read_icmp_4
            sock = self._keep((PING, family), opened, read)
        return sock

    def _keep(
        self, use: "tuple[str, int]", sock: "socket.socket", read: "Callable[[socket.socket], bool]"
    ) -> "socket.socket":
        self._by_use[use] = sock
        self._readers[sock.fileno()] = (sock, read)
        self._poller.add(sock.fileno())
        return sock

    # Answers

    def serves(self, descriptor: int) -> bool:
        """Tell whether a descriptor is one of these."""
        return descriptor in self._readers

    def read(self, descriptor: int) -> None:
        """Hand over what waits in one of them."""
        sock, read = self._readers[descriptor]
        for _ in range(AT_ONCE):
            if not read(sock):
                return
        self._poller.change(descriptor, False, False)
        self._resting.append(descriptor)

    def _read_arp(self, sock: "socket.socket") -> bool:
        frame = _receive(sock)
        found = arp_answer(frame) if frame else None
        if found is not None:
            self._answered(self.link.name, ARP, found[0], found[1])
        return bool(frame)

    def _read_greetings(self, sock: "socket.socket") -> bool:
        frame = _receive(sock)
        found = greeted(frame) if frame and frame[6:12] != self.link.mac else None
        if found is not None:
            self._heard(self.link.name, found[0], found[1], found[2])
        return bool(frame)

    def _read_icmp_4(self, sock: "socket.socket") -> bool:
        packet = system.receive_v4(sock)
        if packet is not None and is_echo_reply(4, packet[3], self._mark):
            self._answered(self.link.name, PING, packet[0], None)
        return packet is not None

    def _read_icmp_6(self, sock: "socket.socket") -> bool:
        packet = system.receive_v6(sock)
        if packet is None:
            return False
        source, _destination, hops, message = packet
        advertised = advertised_address(message, hops)
        if advertised is not None:
            self._answered(self.link.name, NEIGHBOUR, advertised, None)
        elif is_echo_reply(6, message, self._mark):
            self._answered(self.link.name, PING, source, None)
        return True


def _receive(sock: "socket.socket") -> bytes:
    try:
        return sock.recv(LONGEST)
    except OSError:
        return b""


def _send(sock: "socket.socket", frame: bytes) -> None:
    try:
        sock.send(frame)
    except OSError:
        # A link that is down, a full queue: it is asked again soon.
        return
