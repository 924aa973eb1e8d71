# SPDX-License-Identifier: GPL-2.0-or-later
"""A DHCP server that says no: to the first request of each transaction after one that it has granted.

    python -m tests.lab.nak_server_process DEVICE ADDRESS GATEWAY

As one whose database came back older than its leases; asked again, it gives the same address.
"""

import socket
import struct
import sys

DISCOVER, OFFER, REQUEST, ACK, NAK = 1, 2, 3, 5, 6
SO_BINDTODEVICE = 25
COOKIE = b"\x63\x82\x53\x63"
KIND, MASK, ROUTER, TIME, SERVER, END = 53, 1, 3, 51, 54, 255


def kind_of(message: bytes) -> int:
    """Return the kind of a DHCP message, 0 for something else."""
    options = message[240:]
    while len(options) > 2 and options[0] != END:
        if options[0] == KIND:
            return options[2]
        options = options[2 + options[1] :]
    return 0


def answer(message: bytes, kind: int, address: bytes, gateway: bytes) -> bytes:
    """Return an answer to a message."""
    options = bytes((KIND, 1, kind, SERVER, 4)) + gateway
    if kind != NAK:
        options += bytes((MASK, 4, 255, 255, 255, 0, ROUTER, 4)) + gateway
        options += bytes((TIME, 4)) + struct.pack("!I", 3600)
    given = bytes(4) if kind == NAK else address
    head = bytes((2, 1, 6, 0)) + message[4:8] + bytes(4) + bytes(4) + given + bytes(8)
    return head + message[28:44] + bytes(192) + COOKIE + options + bytes((END,))


def serve(device: str, address: str, gateway: str) -> None:
    """Answer for ever."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    sock.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, device.encode())
    sock.bind(("", 67))
    granted, refused = 0, 0
    while True:
        message, _sender = sock.recvfrom(2048)
        kind = {DISCOVER: OFFER, REQUEST: ACK}.get(kind_of(message), 0)
        if kind == ACK and granted and refused < granted:
            kind, refused = NAK, refused + 1
        elif kind == ACK:
            granted += 1
        if kind:
            octets = answer(message, kind, socket.inet_aton(address), socket.inet_aton(gateway))
            sock.sendto(octets, ("255.255.255.255", 68))


if __name__ == "__main__":
    serve(*sys.argv[1:4])
