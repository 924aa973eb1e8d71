# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets in the name of a server that another router had: whole IPv4 packets, through the routing table."""

import contextlib
import os
import socket
import struct

from haven.contract.openvpn import MARK
from haven.core.checksum import internet_checksum, pseudo_header

TTL = 64
SYN_ACK = 0x12
# RFC 9293 3.1: five words of header, no options.
WORDS = 5


class ClientSender:
    """Sends to clients; what cannot leave is not missed: a client that hears nothing begins anew later."""

    def __init__(self) -> None:
        self._socket = socket.socket(
            socket.AF_INET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.IPPROTO_RAW
        )
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, MARK)

    def datagram(self, source: str, port: int, client: tuple[str, int], octets: bytes) -> None:
        """Send a datagram."""
        header = struct.pack("!4H", port, client[1], 8 + len(octets), 0)
        self._send(source, client[0], socket.IPPROTO_UDP, header + octets, 6)

    def doubt(self, source: str, port: int, client: tuple[str, int]) -> None:
        """Send a segment that a living connection answers with what it has, and nothing else (RFC 5961 4).

        Here nobody has that connection, so the kernel answers with the reset that fits.
        """
        numbers = os.urandom(8)
        segment = struct.pack("!HH8sBBHHH", port, client[1], numbers, WORDS << 4, SYN_ACK, 65535, 0, 0)
        self._send(source, client[0], socket.IPPROTO_TCP, segment, 16)

    def _send(self, source: str, to: str, protocol: int, packet: bytes, sum_at: int) -> None:
        ends = socket.inet_aton(source), socket.inet_aton(to)
        total = internet_checksum(pseudo_header(*ends, len(packet), protocol) + packet)
        # RFC 768: zero would say that there is none.
        packet = packet[:sum_at] + struct.pack("!H", total or 0xFFFF) + packet[sum_at + 2 :]
        # The kernel fills in the length, the number and the checksum.
        header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 0, 0, 0, TTL, protocol, 0, *ends)
        with contextlib.suppress(OSError):
            self._socket.sendto(header + packet, (to, 0))

    def close(self) -> None:
        """Send nothing more."""
        self._socket.close()
