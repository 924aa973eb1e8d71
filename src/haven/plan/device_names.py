# SPDX-License-Identifier: GPL-2.0-or-later
"""What the macvlan of a virtual router is called."""

import re
import zlib

LONGEST_NAME = 15


def macvlan_name(family: int, vrid: int, device: str) -> str:
    """Name the macvlan of a virtual router, differently for each device."""
    # No dot: netifd would take the name for a VLAN.
    head = "hv%d-%d-" % (family, vrid)
    room = LONGEST_NAME - len("hv4-255-")
    if len(device) <= room and re.fullmatch(r"[A-Za-z0-9_-]+", device):
        return head + device
    return head + ("%08x" % zlib.crc32(device.encode()))[-room:]
