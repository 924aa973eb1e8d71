# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the next router answers the virtual address as it answers this router's own."""

import os
import select
import socket
import time

from haven.agent.tracking.probe_packets import echo_request, is_echo_reply

TRIES, TRY_S = 3, 0.4


def answered(source: str, target: str) -> bool | None:
    """Tell whether a host answers a ping from an address; None where none could be sent."""
    token = os.urandom(10)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as sock:
            sock.bind((source, 0))
            return any(_is_answered(sock, target, token, number) for number in range(TRIES))
    except OSError:
        return None


def _is_answered(sock: socket.socket, target: str, token: bytes, number: int) -> bool:
    sock.sendto(echo_request(4, token, number), (target, 0))
    end = time.monotonic() + TRY_S
    while (left := end - time.monotonic()) > 0:
        if select.select([sock], [], [], left)[0] and is_echo_reply(4, sock.recv(256), token):
            return True
    return False
