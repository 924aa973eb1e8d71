# SPDX-License-Identifier: GPL-2.0-or-later
"""Links of a namespace put up and down all in one message: `ip` takes a slow machine a second to start."""

import os
import socket
import struct

from tests.lab.namespace import Namespace, inside

# <linux/netlink.h>, <linux/rtnetlink.h>, <linux/if.h>, <linux/if_link.h>
NLM_F_REQUEST, NLM_F_ACK = 1, 4
NLMSG_ERROR = 2
RTM_NEWLINK = 16
IFF_UP = 1
IFLA_IFNAME = 3
HEADER = struct.Struct("=IHHII")
LINK = struct.Struct("=BxHiII")
ATTRIBUTE = struct.Struct("=HH")


class LinkStates:
    """A socket in a namespace that is there before it is needed."""

    def __init__(self, namespace: Namespace) -> None:
        with inside(namespace):
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._socket.bind((0, 0))

    def close(self) -> None:
        """Let go of it, and so of the namespace."""
        self._socket.close()

    def put(self, names: list[str], state: str) -> None:
        """Put links up or down. Raises OSError for the first that could not be."""
        flags = {"up": IFF_UP, "down": 0}[state]
        self._socket.send(b"".join(_request(name, flags) for name in names))
        said: list[int] = []
        while len(said) < len(names):
            said += _errors(self._socket.recv(65536))
        for name, error in zip(names, said, strict=True):
            if error:
                raise OSError(error, f"{name} {state}: {os.strerror(error)}")


def _request(name: str, flags: int) -> bytes:
    text = name.encode() + b"\0"
    attribute = ATTRIBUTE.pack(ATTRIBUTE.size + len(text), IFLA_IFNAME) + text + bytes(-len(text) % 4)
    body = LINK.pack(socket.AF_UNSPEC, 0, 0, flags, IFF_UP) + attribute
    return HEADER.pack(HEADER.size + len(body), RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, 0, 0) + body


def _errors(octets: bytes) -> list[int]:
    """Tell what the kernel answered to each request: an errno, or 0."""
    found, start = [], 0
    while start < len(octets):
        length, kind = HEADER.unpack_from(octets, start)[:2]
        if kind == NLMSG_ERROR:
            found.append(-struct.unpack_from("=i", octets, start + HEADER.size)[0])
        start += (length + 3) & ~3
    return found
