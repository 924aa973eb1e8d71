# SPDX-License-Identifier: GPL-2.0-or-later
"""UDP to and from neighbours in CPython's own way: the TTL of what comes, and of what goes."""

import errno
import os
import socket
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# linux/in.h; the module has no name for it.
IP_RECVTTL = 12
# The longest that anybody is to send, and what recvmsg gives beside it: the TTL.
_LONGEST = 2048
_ANCILLARY = socket.CMSG_SPACE(4)


def open_datagrams(device: str, family: int, port: int) -> socket.socket:
    """Return a UDP socket that hears a port on one device, and each packet's TTL. Raises OSError."""
    six = family == 6
    flags = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK
    sock = socket.socket(socket.AF_INET6 if six else socket.AF_INET, flags)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode() + b"\0")
        if six:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
        sock.bind(("", port))
    except OSError:
        sock.close()
        raise
    return sock


def receive_datagram(sock: socket.socket) -> "tuple[bytes, int, bytes] | None":
    """Return (source, TTL, payload) of the next packet of open_datagrams(), or None when there is none."""
    try:
        payload, ancillary, _flags, sender = sock.recvmsg(_LONGEST, _ANCILLARY)
    except OSError:
        return None
    kinds = (socket.IP_TTL, socket.IPV6_HOPLIMIT)
    ttl = [struct.unpack("@i", value)[0] for _level, kind, value in ancillary if kind in kinds]
    return _octets(sender[0]), ttl[0] if ttl else 0, payload


def open_datagram_sender(
    device: str, index: int, source: bytes, ports: "tuple[int, int]", destination: bytes, port: int
) -> "tuple[socket.socket, tuple[Any, ...]]":
    """Return a UDP socket from an address and one of these ports, and the place of a peer. Raises OSError.

    What it sends has TTL 255. It is not connected: the kernel would then hold back a packet for each ICMP
    message that says, in whoever's name, that an earlier one was not taken.
    """
    six = len(source) == 16
    family = socket.AF_INET6 if six else socket.AF_INET
    scope: tuple[int, ...] = (0, index) if six else ()
    sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode() + b"\0")
        if six:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 255)
        else:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 255)
        # What comes here is never read.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 0)
        _bind_within(sock, socket.inet_ntop(family, source), ports, scope)
    except OSError:
        sock.close()
        raise
    return sock, (socket.inet_ntop(family, destination), port, *scope)


def _bind_within(
    sock: socket.socket, address: str, ports: "tuple[int, int]", scope: "tuple[int, ...]"
) -> None:
    """Bind to a port of a range that nobody has, from one by chance on. Raises OSError."""
    low, high = ports
    first = struct.unpack("@H", os.urandom(2))[0]
    for attempt in range(high - low + 1):
        try:
            sock.bind((address, low + (first + attempt) % (high - low + 1), *scope))
            return
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


def _octets(address: str) -> bytes:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.inet_pton(family, address.split("%")[0])
