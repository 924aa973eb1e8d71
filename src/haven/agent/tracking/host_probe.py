# SPDX-License-Identifier: GPL-2.0-or-later
"""One question to a host: the socket that it takes, its repetitions, and the end of the patience."""

import errno
import fcntl
import os
import struct
import time
from collections.abc import Callable
from typing import Any

from haven import light_socket as socket
from haven.agent.loop import Scope
from haven.agent.tracking import probe_packets as packets
from haven.agent.tracking.check_state import ANSWERED, FAILED, IMPOSSIBLE, CheckOutcome
from haven.contract.check_documents import ARP, DNS, ICMP, NS, TCP
from haven.core.announce import BROADCAST, ETHERTYPE_ARP
from haven.core.clock import SECOND
from haven.inet import octets_of

# A lost packet is no dead host: within the time of one check the question is asked as often.
REPETITIONS = 3
LARGEST_PACKET = 2048
# Nothing is sent there: the kernel only says which address it would take.
DISCARD_PORT = 9
# Of linux/icmp.h and linux/icmpv6.h: which types a raw socket does not hear of.
_SOL_RAW, _ICMP_FILTER, _ICMPV6_FILTER = 255, 1, 1
_SIOCGIFADDR = 0x8915

# This router's to mend, and no word about the host.
_OWN_LACK = (errno.EADDRNOTAVAIL, errno.EPERM, errno.EACCES, errno.EMFILE, errno.ENFILE)


class HostProbe:
    """Asks a host of the plan once; `done` gets the CheckOutcome. Nothing is left of it afterwards."""

    def __init__(self, scope: Scope, check: dict[str, Any], done: Callable[[CheckOutcome], None]) -> None:
        self._scope, self._done = scope.inner(), done
        self._check = check
        self._address = octets_of(check["address"])
        self._device = check.get("device") or ""
        self._kind = check["kind"]
        # Where the kernel would take another.
        self._source = ""
        self._socket: socket.socket | None = None
        self._asked_at = time.monotonic()
        self._token = os.urandom(10)

    def begin(self) -> None:
        """Ask; the answer, or that there is none, comes by the loop or at once."""
        try:
            self._choose_kind()
            self._socket = self._open()
            self._scope.watch(self._socket, self._hear, writing=self._kind == TCP)
            limit_s = self._check["timeout_us"] / SECOND
            for number in range(REPETITIONS if self._kind != TCP else 0):
                self._scope.after(number * limit_s / REPETITIONS, self._ask)
            self._scope.after(limit_s, lambda: self._end(FAILED, "no answer"))
        except OSError as why:
            self._fail(why)

    def close(self) -> None:
        """Give up, and tell nobody."""
        self._scope.close()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _choose_kind(self) -> None:
        """Ask by ARP where there is no address to be answered at, as on a Backup with a virtual one alone."""
        if len(self._address) == 16 or self._kind == ARP or not self._device:
            return
        network, virtual = self._check.get("network"), self._check.get("virtual")
        if network and not _is_inside(_usual_source(self._device, self._address), network):
            if virtual and _is_own(virtual):
                self._source = virtual
            else:
                self._kind = ARP
        elif not network and not _has_address(self._device):
            raise OSError(errno.EADDRNOTAVAIL, f"there is no IPv4 address on {self._device}")

    # The socket

    def _open(self) -> socket.socket:
        if self._kind == ARP:
            return self._open_arp()
        family = socket.AF_INET6 if len(self._address) == 16 else socket.AF_INET
        sock = socket.socket(family, *_TYPES[self._kind](family))
        try:
            sock.setblocking(False)
            if self._device:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self._device.encode())
            if self._kind in (ICMP, NS):
                _hear_answers_only(sock, family, self._kind)
            if self._source:
                sock.bind((self._source, 0))
            if self._kind != NS:
                self._connect(sock)
        except OSError:
            sock.close()
            raise
        return sock

    def _open_arp(self) -> socket.socket:
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, 0)
        try:
            sock.bind((self._device, ETHERTYPE_ARP))
        except OSError:
            sock.close()
            raise
        return sock

    def _connect(self, sock: socket.socket) -> None:
        # Then the kernel takes answers of this host alone.
        error = sock.connect_ex(self._place(self._address, self._check.get("port") or 0))
        if error not in (0, errno.EINPROGRESS):
            raise OSError(error, os.strerror(error))

    def _place(self, address: bytes, port: int) -> tuple[Any, ...]:
        if len(address) == 4:
            return socket.inet_ntop(socket.AF_INET, address), port
        # A link-local address means something on its own link only.
        local = address[0] in (0xFE, 0xFF) and self._device
        scope_id = socket.if_nametoindex(self._device) if local else 0
        return socket.inet_ntop(socket.AF_INET6, address), port, 0, scope_id

    # Questions

    def _ask(self) -> None:
        assert self._socket is not None
        try:
            if self._kind == ARP:
                mac = self._socket.getsockname()[4]
                place = (self._device, ETHERTYPE_ARP, 0, 0, BROADCAST)
                self._socket.sendto(packets.arp_request(mac, self._address), place)
            elif self._kind == NS:
                question = packets.neighbour_solicitation(_mac_of(self._device), self._address)
                place = self._place(packets.solicited_node(self._address), 0)
                self._socket.sendto(question, place)
            else:
                self._socket.send(self._question())
        except BlockingIOError:
            pass
        except OSError as why:
            self._fail(why)

    def _question(self) -> bytes:
        if self._kind == DNS:
            return packets.dns_question(self._number(), self._check.get("query") or ".")
        return packets.echo_request(4 if len(self._address) == 4 else 6, self._token, 1)

    def _number(self) -> int:
        return int.from_bytes(self._token[:2], "big")

    # Answers

    def _hear(self, _events: int) -> None:
        assert self._socket is not None
        try:
            if self._kind == TCP:
                error = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if error:
                    raise OSError(error, os.strerror(error))
                self._end(ANSWERED)
            elif self._is_answer(self._socket.recv(LARGEST_PACKET)):
                self._end(ANSWERED)
        except BlockingIOError:
            pass
        except OSError as why:
            self._fail(why)

    def _is_answer(self, packet: bytes) -> bool:
        if self._kind == ARP:
            assert self._socket is not None
            return packets.is_arp_reply(packet, self._socket.getsockname()[4], self._address)
        if self._kind == NS:
            return packets.is_neighbour_advertisement(packet, self._address)
        if self._kind == DNS:
            return packets.is_dns_answer(packet, self._number())
        return packets.is_echo_reply(4 if len(self._address) == 4 else 6, packet, self._token)

    # The end

    def _fail(self, why: OSError) -> None:
        self._end(IMPOSSIBLE if why.errno in _OWN_LACK else FAILED, str(why.strerror))

    def _end(self, result: str, error: str = "") -> None:
        if self._scope.closed:
            return
        latency_ms = round((time.monotonic() - self._asked_at) * 1000, 2) if result == ANSWERED else None
        self.close()
        self._done(CheckOutcome(result, self._kind, error, latency_ms))


def _icmp(family: int) -> tuple[int, int]:
    return socket.SOCK_RAW, socket.IPPROTO_ICMPV6 if family == socket.AF_INET6 else socket.IPPROTO_ICMP


_TYPES: dict[str, Callable[[int], tuple[int, ...]]] = {
    ICMP: _icmp,
    NS: _icmp,
    TCP: lambda _family: (socket.SOCK_STREAM,),
    DNS: lambda _family: (socket.SOCK_DGRAM,),
}


def _hear_answers_only(sock: socket.socket, family: int, kind: str) -> None:
    if family == socket.AF_INET:
        sock.setsockopt(_SOL_RAW, _ICMP_FILTER, struct.pack("@I", ~(1 << packets.ECHO_REPLY[4]) & 0xFFFFFFFF))
        return
    wanted = packets.NEIGHBOUR_ADVERTISEMENT if kind == NS else packets.ECHO_REPLY[6]
    blocked = [0xFFFFFFFF] * 8
    blocked[wanted >> 5] &= ~(1 << (wanted & 31))
    sock.setsockopt(socket.IPPROTO_ICMPV6, _ICMPV6_FILTER, struct.pack("@8I", *blocked))
    # RFC 4861 7.1: with any other they are dropped.
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 255 if kind == NS else -1)


def _usual_source(device: str, address: bytes) -> bytes:
    """Return the address that the kernel would ask from."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        sock.connect((socket.inet_ntop(socket.AF_INET, address), DISCARD_PORT))
        return octets_of(sock.getsockname()[0])


def _is_own(address: str) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind((address, 0))
        except OSError:
            return False
    return True


def _is_inside(address: bytes, network: str) -> bool:
    first, _, length = network.partition("/")
    shift = len(address) * 8 - int(length)
    return int.from_bytes(address, "big") >> shift == int.from_bytes(octets_of(first), "big") >> shift


def _has_address(device: str) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            fcntl.ioctl(sock, _SIOCGIFADDR, struct.pack("256s", device.encode()))
        except OSError as why:
            # Of a device that is not there the question itself will say so.
            return why.errno != errno.EADDRNOTAVAIL
    return True


def _mac_of(device: str) -> bytes:
    with open(f"/sys/class/net/{device}/address") as file:
        return bytes.fromhex(file.read().strip().replace(":", ""))
