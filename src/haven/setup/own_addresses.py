# SPDX-License-Identifier: GPL-2.0-or-later
"""The addresses of this router's devices while a trial changes them: looked at, and kept for a while."""

import socket
import struct

from haven.inet import octets_of
from haven.plan.machine import read_machine

# linux/rtnetlink.h, linux/if_addr.h
NETLINK_ROUTE = 0
RTM_NEWADDR = 20
REQUEST_ACK_CREATE_REPLACE = 0x001 | 0x004 | 0x400 | 0x100
IFA_ADDRESS, IFA_LOCAL, IFA_CACHEINFO = 1, 2, 6
LARGEST_ANSWER = 4096


def has_address(device: str, address: str, permanent: bool = False) -> bool:
    """Tell whether a device has an address, for good if that is asked."""
    link = read_machine().links.get(device)
    found = [each for each in link.addresses if each.text == address] if link is not None else []
    return any(each.permanent or not permanent for each in found)


def keep_address(device: str, address: str, length: int, seconds: int) -> bool:
    """Give a device an IPv4 address for some seconds, beside what anybody else does with it."""
    try:
        index = socket.if_nametoindex(device)
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE) as kernel:
            kernel.send(message(index, octets_of(address), length, seconds))
            answer = kernel.recv(LARGEST_ANSWER)
    except OSError:
        return False
    (error,) = struct.unpack_from("@i", answer, 16)
    return bool(error == 0)


def message(index: int, address: bytes, length: int, seconds: int) -> bytes:
    """Return the netlink message that adds an address with a lifetime, or renews it."""
    body = struct.pack("@BBBBI", socket.AF_INET, length, 0, 0, index)
    for kind in (IFA_LOCAL, IFA_ADDRESS):
        body += struct.pack("@HH4s", 8, kind, address)
    body += struct.pack("@HHIIII", 20, IFA_CACHEINFO, seconds, seconds, 0, 0)
    return struct.pack("@IHHII", 16 + len(body), RTM_NEWADDR, REQUEST_ACK_CREATE_REPLACE, 1, 0) + body
