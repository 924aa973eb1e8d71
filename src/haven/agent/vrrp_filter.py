# SPDX-License-Identifier: GPL-2.0-or-later
"""A packet socket that hears VRRP alone: the firewall would keep it from another kind."""

import struct
from typing import Any

from haven import light_socket as socket
from haven.core.vrrp.constants import PROTOCOL

ETH_P_IP = 0x0800
SO_ATTACH_FILTER = 26
LARGEST_PACKET = 2048
# Nobody has looked yet whether what is heard is a whole packet.
SHORTEST_IP_HEADER = 20
# Where the protocol stands in an IP header, by the family.
PROTOCOL_AT = {4: 9, 6: 6}


def only_vrrp(packets: Any, family: int = 4) -> None:
    """Let the kernel throw away all other packets (linux/filter.h): a router may forward a lot of them."""
    instructions = (
        (0x30, 0, 0, PROTOCOL_AT[family]),
        (0x15, 0, 1, PROTOCOL),
        (0x06, 0, 0, LARGEST_PACKET),
        (0x06, 0, 0, 0),
    )
    program = b"".join(struct.pack("HBBI", *each) for each in instructions)
    # Where CPython has the octets; array, which tells, brings all of collections.
    described = struct.pack("HP", len(instructions), id(program) + bytes.__basicsize__ - 1)
    packets.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, described)
