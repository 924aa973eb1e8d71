# SPDX-License-Identifier: GPL-2.0-or-later
"""How the next router answers the virtual address, beside this router's own.

A standby that gets what is for the Active hands it on: the answer comes, with a TTL that is one lower.
"""

import os
import select
import socket
import time

from haven.agent.tracking.probe_packets import echo_request, is_echo_reply

TRIES, TRY_S = 3, 0.4
TTL_AT = 8


def answer_ttl(source: str, target: str) -> int | None:
    """Return the TTL of a host's answer to a ping from an address; 0: none, None: it cannot be asked."""
    token = os.urandom(10)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as sock:
            sock.bind((source, 0))
            return next((ttl for number in range(TRIES) if (ttl := _ask(sock, target, token, number))), 0)
    except OSError:
        return None


def _ask(sock: socket.socket, target: str, token: bytes, number: int) -> int:
    sock.sendto(echo_request(4, token, number), (target, 0))
    end = time.monotonic() + TRY_S
    while (left := end - time.monotonic()) > 0:
        if select.select([sock], [], [], left)[0]:
            packet = sock.recv(256)
            if is_echo_reply(4, packet, token):
                return packet[TTL_AT]
    return 0
