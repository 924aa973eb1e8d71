# SPDX-License-Identifier: GPL-2.0-or-later
"""A flow of ICMP echo messages with one identifier."""

import socket
import struct
import time

from tests.lab.namespace import Namespace, inside
from tests.lab.network import SERVICE, Network

IDENTIFIER = 4711
REPLY, REQUEST = 0, 8


def _sum(octets: bytes) -> int:
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def _message(kind: int, number: int) -> bytes:
    message = struct.pack("!BBHHH", kind, 0, 0, IDENTIFIER, number)
    return struct.pack("!BBHHH", kind, 0, _sum(message), IDENTIFIER, number)


def _raw(namespace: Namespace, bound: str = "") -> socket.socket:
    with inside(namespace):
        made = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    made.bind((bound, 0))
    return made


class Ping:
    """Echo requests from the client to the service."""

    def __init__(self, network: Network) -> None:
        self._client, self._server = _raw(network.client), _raw(network.server, SERVICE)
        self._number = 0

    def answers(self, budget: float = 20) -> bool:
        """Send a request, and tell whether its reply comes."""
        self._number += 1
        self._client.sendto(_message(REQUEST, self._number), (SERVICE, 0))
        return self._replied(budget)

    def reached_from_outside(self, address: str, budget: float = 20) -> bool:
        """Send a reply that nobody asked for to an address; tell whether the client has it."""
        self._number += 1
        self._server.sendto(_message(REPLY, self._number), (address, 0))
        return self._replied(budget)

    def _replied(self, budget: float) -> bool:
        until = time.monotonic() + budget
        while (left := until - time.monotonic()) > 0:
            self._client.settimeout(left)
            try:
                octets = self._client.recv(256)
            except TimeoutError:
                break
            # The IP header comes first.
            kind, _code, _sum, identifier, number = struct.unpack("!BBHHH", octets[20:28])
            if (kind, identifier, number) == (REPLY, IDENTIFIER, self._number):
                return True
        return False

    def close(self) -> None:
        """End it."""
        self._client.close()
        self._server.close()
