# SPDX-License-Identifier: GPL-2.0-or-later
"""A plan's kernel messages as a machine of the other byte order writes them.

The tables have what netlink_encoder.py makes, and nothing is guessed: another message, or another attribute,
is refused, and a test asks for its row.
"""

import copy
import struct
import sys
from typing import Any

from haven.plan.netlink_encoder import (
    RTM_DELADDR,
    RTM_DELLINK,
    RTM_DELNEIGH,
    RTM_DELROUTE,
    RTM_NEWADDR,
    RTM_NEWLINK,
    RTM_NEWNEIGH,
    RTM_NEWROUTE,
)

OWN, OTHER = ("<", ">") if sys.byteorder == "little" else (">", "<")
HEADER = "IHHII"
# Flags beside an attribute's number: nested, in the network's order.
KIND_BITS = 0x3FFF
# What an attribute holds: octets that stay as they are, numbers of a form of struct's, or attributes.
OCTETS = ""
Attributes = dict[int, Any]

_ADDRESS: Attributes = {1: OCTETS, 2: OCTETS, 6: "IIII", 8: "I"}
_ROUTE: Attributes = {1: OCTETS, 4: "I", 5: OCTETS, 6: "I", 7: OCTETS, 15: "I"}
# IFLA_LINKINFO (18): the kind, and of a macvlan its mode. IFLA_AF_SPEC (26): of IPv6 how addresses are made.
_LINK: Attributes = {1: OCTETS, 3: OCTETS, 5: "I", 18: {1: OCTETS, 2: {1: "I"}}, 26: {10: {8: OCTETS}}}
_NEIGHBOUR: Attributes = {2: OCTETS, 5: "H"}

# The form of what stands before the attributes, and the attributes.
_ROWS: dict[int, tuple[str, Attributes]] = {
    **dict.fromkeys((RTM_NEWADDR, RTM_DELADDR), ("BBBBI", _ADDRESS)),
    **dict.fromkeys((RTM_NEWROUTE, RTM_DELROUTE), ("BBBBBBBBI", _ROUTE)),
    **dict.fromkeys((RTM_NEWLINK, RTM_DELLINK), ("BxHiII", _LINK)),
    **dict.fromkeys((RTM_NEWNEIGH, RTM_DELNEIGH), ("BxxxiHBB", _NEIGHBOUR)),
}


def in_other_order(plan: dict[str, Any]) -> dict[str, Any]:
    """Return a plan whose messages are those of a machine of the other byte order."""
    found = copy.deepcopy(plan)
    for router in found["virtual_routers"]:
        for steps in router.values():
            for step in steps if isinstance(steps, list) else ():
                if isinstance(step, dict) and "octets" in step:
                    step["octets"] = other_order(bytes.fromhex(step["octets"])).hex()
    return found


def other_order(message: bytes) -> bytes:
    """Return a message of this machine's as the other byte order has it. Raises KeyError."""
    size = struct.calcsize("=" + HEADER)
    form, attributes = _ROWS[struct.unpack_from(OWN + HEADER, message)[1]]
    end = size + struct.calcsize("=" + form)
    head = _numbers(HEADER, message[:size]) + _numbers(form, message[size:end])
    return head + _swapped(message[end:], attributes)


def _numbers(form: str, octets: bytes) -> bytes:
    return struct.pack(OTHER + form, *struct.unpack(OWN + form, octets))


def _swapped(octets: bytes, known: Attributes) -> bytes:
    found, at = b"", 0
    while at < len(octets):
        length, kind = struct.unpack_from(OWN + "HH", octets, at)
        value = _value(octets[at + 4 : at + length], known[kind & KIND_BITS])
        found += struct.pack(OTHER + "HH", length, kind) + value + bytes(-length % 4)
        at += (length + 3) & ~3
    return found


def _value(octets: bytes, form: "str | Attributes") -> bytes:
    if isinstance(form, dict):
        return _swapped(octets, form)
    return _numbers(form, octets) if form else octets
