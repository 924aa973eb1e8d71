# SPDX-License-Identifier: GPL-2.0-or-later
"""What tests run inside a network namespace: `apply` sends steps as havend does, `ping` asks for an echo."""

import contextlib
import json
import select
import socket
import struct
import sys
import time

NETLINK_ROUTE = 0
NLMSG_ERROR = 2
ENODEV = 19
ECHO_REQUEST = {4: 8, 6: 128}
ECHO_REPLY = {4: 0, 6: 129}


def apply(steps: list) -> list:
    """Send steps with today's indexes and return the kernel's answers, 0 for success."""
    route = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE)
    route.settimeout(60)
    return [_answer(route, step, number) for number, step in enumerate(steps, 1)]


def _answer(route: socket.socket, step: dict, number: int) -> int:
    octets = bytearray.fromhex(step["octets"])
    for offset, name in step["patch"]:
        try:
            struct.pack_into("=I", octets, offset, socket.if_nametoindex(name))
        except OSError:
            return ENODEV
    struct.pack_into("=I", octets, 8, number)
    route.send(octets)
    while True:
        answer = route.recv(65536)
        _, kind, _, sequence, _, code = struct.unpack_from("=IHHIIi", answer)
        if kind == NLMSG_ERROR and sequence == number:
            return -code


def ping(address: str, seconds: float) -> bool:
    """Tell whether an echo comes back from an address (with %device if link-local) in time."""
    family = 6 if ":" in address else 4
    kind, protocol = (socket.AF_INET6, 58) if family == 6 else (socket.AF_INET, 1)
    destination = socket.getaddrinfo(address, None, kind, socket.SOCK_RAW, protocol)[0][4]
    end = time.monotonic() + seconds
    with socket.socket(kind, socket.SOCK_RAW, protocol) as echo:
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                # Nobody has said in time who has the address.
                echo.sendto(_echo(ECHO_REQUEST[family]), destination)
            again = min(end, time.monotonic() + 0.2)
            while select.select([echo], [], [], max(0, again - time.monotonic()))[0]:
                octets, sender = echo.recvfrom(2000)
                body = octets[20:] if family == 4 else octets
                if body[0] == ECHO_REPLY[family] and sender[0].partition("%")[0] == address.partition("%")[0]:
                    return True
    return False


def _echo(kind: int) -> bytes:
    # With an empty body, identifier 0 and sequence 1 the checksum is the complement of two words;
    # the kernel fills it in for IPv6.
    return struct.pack("!BBHHH", kind, 0, 0xFFFF - (kind << 8) - 1, 0, 1)


if __name__ == "__main__":
    if sys.argv[1] == "apply":
        print(json.dumps(apply(json.load(sys.stdin))))
    else:
        sys.exit(0 if ping(sys.argv[2], float(sys.argv[3])) else 1)
