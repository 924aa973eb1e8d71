# SPDX-License-Identifier: GPL-2.0-or-later
"""The TCP ports on which this router itself answers at some addresses, such as those of ssh, LuCI, a VPN."""

import struct
from collections.abc import Collection, Iterator

from haven import light_socket as socket

# In the form of the kernel, which lists those that listen first (tcp_ipv4.c: tcp_get_idx).
TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
LISTENS = "0A"
# From here on clients have their own ports (ip_local_port_range), and translated connections keep them.
CLIENTS_PORTS = 32768
WILDCARDS = ("0.0.0.0", "::")


def listening_ports(addresses: Collection[str]) -> list[int]:
    """Return the ports below those of clients where somebody listens at one of the addresses, or at all."""
    places = {place for table in TABLES for place in _places(table)}
    wanted = {*addresses, *WILDCARDS}
    return sorted({port for address, port in places if address in wanted and port < CLIENTS_PORTS})


def _places(table: str) -> Iterator[tuple[str, int]]:
    try:
        with open(table) as file:
            next(file, None)
            for line in file:
                _number, local, _remote, state, *_more = line.split()
                if state != LISTENS:
                    return
                address, _colon, port = local.partition(":")
                yield _text_of(address), int(port, 16)
    except OSError:
        # Without IPv6 there is no table of it.
        return


def _text_of(words: str) -> str:
    """Return an address as text; the table has it in words of 32 bits, in this machine's order."""
    values = [int(words[start : start + 8], 16) for start in range(0, len(words), 8)]
    octets = struct.pack("=%dI" % len(values), *values)
    return socket.inet_ntop(socket.AF_INET if len(octets) == 4 else socket.AF_INET6, octets)
