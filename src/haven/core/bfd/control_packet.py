# SPDX-License-Identifier: GPL-2.0-or-later
"""BFD Control packets as octets: RFC 5880 4.1, and of 6.8.6 what can be told of a packet alone."""

import struct

from haven.core.value import Value

# RFC 5881 4 and 5: where they go, from where, and the TTL that only a neighbour can send.
PORT = 3784
SOURCE_PORTS = (49152, 65535)
TTL = 255

VERSION = 1
LENGTH = 24
# State (Sta).
ADMIN_DOWN, DOWN, INIT, UP = 0, 1, 2, 3
STATE_NAMES = ("AdminDown", "Down", "Init", "Up")
# Diagnostic (Diag): why the sender's session was last not Up.
NO_DIAGNOSTIC, EXPIRED, ECHO_FAILED, NEIGHBOUR_SAID = 0, 1, 2, 3
FORWARDING_RESET, PATH_DOWN, CONCATENATED_DOWN, ADMINISTRATIVELY, REVERSE_DOWN = 4, 5, 6, 7, 8
_POLL, _FINAL, _CONTROL_INDEPENDENT, _AUTHENTICATED, _DEMAND, _MULTIPOINT = 32, 16, 8, 4, 2, 1

_FORMAT = "!BBBBIIIII"
MOST_U32 = 0xFFFFFFFF

# Why a packet can be dropped; what is told by `ttl`, `source` and `discriminator` the receiver knows.
REASONS = (
    "auth",
    "discriminator",
    "length",
    "multiplier",
    "multipoint",
    "source",
    "ttl",
    "version",
)


class BfdError(Exception):
    """A packet that RFC 5880 or 5881 wants to be dropped, by one of REASONS."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ControlPacket(Value):
    """One BFD Control packet without authentication; times are microseconds."""

    def __init__(
        self,
        state: int,
        mine: int,
        yours: int,
        min_tx_us: int,
        min_rx_us: int,
        multiplier: int,
        diagnostic: int = NO_DIAGNOSTIC,
        poll: bool = False,
        final: bool = False,
        demand: bool = False,
        min_echo_rx_us: int = 0,
    ) -> None:
        self.state = state
        self.mine = mine
        self.yours = yours
        self.min_tx_us = min_tx_us
        self.min_rx_us = min_rx_us
        self.multiplier = multiplier
        self.diagnostic = diagnostic
        self.poll = poll
        self.final = final
        self.demand = demand
        self.min_echo_rx_us = min_echo_rx_us


def encode(packet: ControlPacket) -> bytes:
    """Return the octets of a packet; numbers that do not fit raise ValueError."""
    words = (packet.mine, packet.yours, packet.min_tx_us, packet.min_rx_us, packet.min_echo_rx_us)
    # MicroPython's struct cuts off silently what is too large.
    if not all(0 <= each <= MOST_U32 for each in words) or not 1 <= packet.multiplier <= 255:
        raise ValueError("a number is too large for a BFD Control packet")
    flags = _POLL * packet.poll + _FINAL * packet.final + _DEMAND * packet.demand
    head = (VERSION << 5 | packet.diagnostic, packet.state << 6 | flags, packet.multiplier, LENGTH)
    return struct.pack(_FORMAT, *(head + words))


def decode(octets: bytes) -> ControlPacket:
    """Return the packet in a datagram. Raises BfdError, in the order of RFC 5880 6.8.6."""
    if len(octets) < LENGTH:
        raise BfdError("length")
    first, flags, multiplier, length, mine, yours, tx_us, rx_us, echo_us = struct.unpack_from(_FORMAT, octets)
    if first >> 5 != VERSION:
        raise BfdError("version")
    if not LENGTH <= length <= len(octets):
        raise BfdError("length")
    if not multiplier:
        raise BfdError("multiplier")
    if flags & _MULTIPOINT:
        raise BfdError("multipoint")
    state = flags >> 6
    if not mine or not (yours or state in (DOWN, ADMIN_DOWN)):
        raise BfdError("discriminator")
    # No session here uses authentication.
    if flags & _AUTHENTICATED:
        raise BfdError("auth")
    poll, final, demand = bool(flags & _POLL), bool(flags & _FINAL), bool(flags & _DEMAND)
    return ControlPacket(
        state, mine, yours, tx_us, rx_us, multiplier, first & 31, poll, final, demand, echo_us
    )
