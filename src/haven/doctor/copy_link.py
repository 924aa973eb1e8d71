# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is heard on the link for copies of connections, where nobody but the routers should be."""

import select
import socket
from collections.abc import Callable
from typing import Any

ETH_P_ALL = 3
OUTGOING = 4
# What hosts say; a switch between the two says other things, which are no harm.
OF_HOSTS = (0x0800, 0x0806, 0x86DD)
MAC_OCTETS = 6
LOOK_EVERY_S = 0.2
MOST_READ, MOST_MACS = 64, 32


def facts(device: str, is_over: Callable[[], bool]) -> dict[str, Any]:
    """Return the MAC addresses that frames come from until it is over; none where nobody can listen."""
    found: set[str] = set()
    try:
        with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as sock:
            sock.setblocking(False)
            sock.bind((device, ETH_P_ALL))
            while not is_over():
                if select.select([sock], [], [], LOOK_EVERY_S)[0]:
                    found |= _sources(sock)
    except OSError:
        # A device that is not there is named by the status.
        return {}
    return {"device": device, "macs": sorted(found)[:MOST_MACS]}


def _sources(sock: socket.socket) -> set[str]:
    found = set()
    for _ in range(MOST_READ):
        try:
            _octets, where = sock.recvfrom(1)
        except OSError:
            break
        if where[2] != OUTGOING and where[1] in OF_HOSTS and len(where[4]) == MAC_OCTETS:
            found.add(where[4].hex(":"))
    return found
