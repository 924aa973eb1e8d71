# SPDX-License-Identifier: GPL-2.0-or-later
"""What a machine hears on a device, from the moment that a tap is made."""

import socket
import struct
import time
from typing import NamedTuple

from haven.core.vrrp.advert import decode
from haven.inet import text_of
from tests.havend.machines import Machine


class Heard(NamedTuple):
    """An ADVERTISEMENT with the time and the source MAC address."""

    at: float
    mac: str
    vrid: int
    priority: int
    addresses: tuple[str, ...]


class Announced(NamedTuple):
    """A gratuitous ARP."""

    mac: str
    address: str


class Tap:
    """A packet socket on a device of a machine."""

    def __init__(self, machine: Machine, device: str = "lan") -> None:
        def listen() -> socket.socket:
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            sock.setsockopt(socket.SOL_SOCKET, 33, 4 << 20)
            sock.setsockopt(socket.SOL_SOCKET, 35, 1)  # SO_TIMESTAMPNS
            sock.bind((device, 3))
            return sock

        sock = machine.inside(listen)
        assert isinstance(sock, socket.socket)
        sock.setblocking(False)
        self._socket = sock
        self.adverts: list[Heard] = []
        self.announcements: list[Announced] = []

    def __enter__(self) -> "Tap":
        return self

    def __exit__(self, *_why: object) -> None:
        self._socket.close()

    def read(self) -> "Tap":
        """Take in what has arrived."""
        while True:
            try:
                frame, ancillary, _flags, origin = self._socket.recvmsg(4096, 100)
            except BlockingIOError:
                return self
            if origin[2] == socket.PACKET_OUTGOING:
                continue
            stamp = ancillary[0][2] if ancillary else b""
            seconds, nanoseconds = struct.unpack("@ll", stamp) if stamp else (0, 0)
            at = seconds + nanoseconds / 1e9
            self._note(frame, at or time.time())

    def _note(self, frame: bytes, at: float) -> None:
        mac, kind = frame[6:12].hex(), frame[12:14]
        if kind == b"\x08\x06" and frame[28:32] == frame[38:42]:
            self.announcements.append(Announced(mac, socket.inet_ntoa(frame[28:32])))
        elif kind == b"\x08\x00" and frame[23] == 112:
            end = 14 + int.from_bytes(frame[16:18], "big")
            self._note_advert(at, mac, frame[34:end], frame[26:30], frame[30:34])
        elif kind == b"\x86\xdd" and frame[20] == 112:
            self._note_advert(at, mac, frame[54:], frame[22:38], frame[38:54])

    def _note_advert(self, at: float, mac: str, message: bytes, source: bytes, destination: bytes) -> None:
        advert = decode(message, source, destination)
        addresses = tuple(text_of(address) for address in advert.addresses)
        self.adverts.append(Heard(at, mac, advert.vrid, advert.priority, addresses))

    def of(self, vrid: int) -> list[Heard]:
        """Return the ADVERTISEMENTs of one virtual router."""
        return [heard for heard in self.read().adverts if heard.vrid == vrid]

    def longest_gap(self, vrid: int) -> float:
        """Return the longest time between two ADVERTISEMENTs, in seconds."""
        times = [heard.at for heard in self.of(vrid)]
        return max((later - sooner for sooner, later in zip(times, times[1:], strict=False)), default=0)
