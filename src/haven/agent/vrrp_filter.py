# SPDX-License-Identifier: GPL-2.0-or-later
"""A packet socket that hears VRRP of IPv4 alone: the firewall would keep it from another kind."""

import struct

from haven import light_socket as socket
from haven.core.vrrp.constants import PROTOCOL

ETH_P_IP = 0x0800
SO_ATTACH_FILTER = 26
LARGEST_PACKET = 2048


def only_vrrp(packets: socket.socket) -> None:
    """Let the kernel throw away all other packets (linux/filter.h): a router may forward a lot of them."""
    instructions = (
        (0x30, 0, 0, 9),  # load the protocol of the IP header
        (0x15, 0, 1, PROTOCOL),
        (0x06, 0, 0, LARGEST_PACKET),
        (0x06, 0, 0, 0),
    )
    program = b"".join(struct.pack("HBBI", *each) for each in instructions)
    # Where CPython has the octets; array, which tells, brings all of collections.
    described = struct.pack("HP", len(instructions), id(program) + bytes.__basicsize__ - 1)
    packets.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, described)
