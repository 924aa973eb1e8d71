# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is heard on the link for copies of connections, where nobody but the routers should be."""

import select
import socket
from collections.abc import Callable

ETH_P_ALL = 3
OUTGOING = 4
LOOK_EVERY_S = 0.2
MOST_READ, MOST_MACS = 64, 32


def macs_on(device: str, is_over: Callable[[], bool]) -> list[str]:
    """Return the MAC addresses that frames come from until it is over. Raises OSError."""
    found: set[str] = set()
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as sock:
        sock.setblocking(False)
        sock.bind((device, ETH_P_ALL))
        while not is_over():
            if select.select([sock], [], [], LOOK_EVERY_S)[0]:
                found |= _sources(sock)
    return sorted(found)[:MOST_MACS]


def _sources(sock: socket.socket) -> set[str]:
    found = set()
    for _ in range(MOST_READ):
        try:
            _octets, where = sock.recvfrom(1)
        except OSError:
            break
        if where[2] != OUTGOING:
            found.add(where[4].hex(":"))
    return found
