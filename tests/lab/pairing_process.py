# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine that gets in the way of a pairing: python -m tests.lab.pairing_process HOW ADDRESS [FOLDER]

between   answers whoever joins with a key of its own, and relays every message to ADDRESS and back
rubbish   sends ADDRESS 100 MB that are no TLS, over and over again from the start when it is cut off
crowd     opens 64 connections to ADDRESS and says nothing
guess     proves wrong codes to ADDRESS as fast as it can, 10 000 of them
deaf      is the peer whose key lies in FOLDER: asks ADDRESS for all events again and again, and reads nothing
"""

import contextlib
import socket
import ssl
import struct
import sys
import tempfile
import threading
import time

from haven.contract.channel import PORT, encode
from haven.peers.identity import Identity, ensure
from haven.peers.proof import nonce
from haven.peers.tls import joining_context

MEGABYTES = 100
GUESSES = 10_000
BLOCK = bytes(1 << 16)


def main() -> None:
    """Do what the first word says."""
    how, address, *folder = sys.argv[1:]
    identity = ensure(folder[0] if folder else tempfile.mkdtemp())
    {"between": between, "rubbish": rubbish, "crowd": crowd, "guess": guess, "deaf": deaf}[how](
        address, identity
    )


def between(address: str, identity: Identity) -> None:
    """Be the router that offers to one side, and the one that joins to the other."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.certificate, identity.key)
    listening = socket.create_server(("0.0.0.0", PORT))
    print("ready", flush=True)
    while True:
        near = context.wrap_socket(listening.accept()[0], server_side=True)
        far = joining_context().wrap_socket(socket.create_connection((address, PORT)))
        for one, other in ((near, far), (far, near)):
            threading.Thread(target=relay, args=(one, other), daemon=True).start()


def relay(one: ssl.SSLSocket, other: ssl.SSLSocket) -> None:
    """Pass on what is said, with our certificate wherever there is one."""
    with contextlib.suppress(OSError):
        while octets := one.recv(1 << 16):
            other.sendall(octets)
    other.close()


def rubbish(address: str, _identity: Identity) -> None:
    """Send a flood."""
    for _ in range(MEGABYTES * 16):
        with contextlib.suppress(OSError), socket.create_connection((address, PORT), 5) as flood:
            for _block in range(16):
                flood.sendall(BLOCK)
    print("done", flush=True)


def crowd(address: str, _identity: Identity) -> None:
    """Take every place there is."""
    idle = []
    while True:
        with contextlib.suppress(OSError):
            idle.append(socket.create_connection((address, PORT), 5))
        idle = idle[-64:]
        time.sleep(0.02)


def guess(address: str, identity: Identity) -> None:
    """Try codes."""
    for _ in range(GUESSES):
        with contextlib.suppress(OSError):
            line = joining_context().wrap_socket(socket.create_connection((address, PORT), 5))
            facts = {"protocol": 1, "version": "1", "nonce": nonce(), "node": "r9", "tag": nonce()}
            line.sendall(encode("claim", certificate=identity.pem, **facts))
            line.settimeout(5)
            while line.recv(1 << 16):
                pass
    print("done", flush=True)


def deaf(address: str, identity: Identity) -> None:
    """Ask for much, and read none of it."""
    context = joining_context()
    context.load_cert_chain(identity.certificate, identity.key)
    while True:
        with contextlib.suppress(OSError):
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.connect((address, PORT))
            line = context.wrap_socket(sock)
            line.sendall(encode("hello", protocol=1, version="1", node="r2", addresses=[]))
            for number in range(1_000_000):
                line.sendall(encode("ask", id=number, request={"command": "events"}))
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()


if __name__ == "__main__":
    main()
