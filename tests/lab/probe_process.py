# SPDX-License-Identifier: GPL-2.0-or-later
"""The two ends of the probe; each runs as a process of its own, the client's to a precise beat."""

import contextlib
import os
import select
import signal
import socket
import struct
import sys
import time
from pathlib import Path

from tests.lab.tape import Tape

MILLISECOND_NS = 1_000_000
LINGER_NS = 300_000_000
NUMBER = struct.Struct("!q")
REALTIME = 20
SO_RCVBUFFORCE = 33
# What a second's datagrams and more take: who stood still sends them all at once.
RECEIVE_BUFFER = 16 << 20


class Ended(BaseException):
    """The test has asked this end to stop."""


def _end(_signal: int, _frame: object) -> None:
    # A second request must not break off the way out.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Ended


def _socket(address: str) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    made.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
    return made


def serve(tape: Tape, address: str, port: int, echo: bool) -> None:
    """Note each datagram's arrival and send it back."""
    listener = _socket(address)
    listener.bind((address, port))
    while True:
        select.select([listener], [], [])
        with contextlib.suppress(BlockingIOError):
            while True:
                octets, sender = listener.recvfrom(64)
                tape.arrived[NUMBER.unpack(octets)[0]] = time.monotonic_ns()
                if echo:
                    _send(listener, octets, sender)


def send(tape: Tape, address: str, port: int, period_ns: int) -> None:
    """Send a numbered datagram each period; what is late is sent at once, never left out."""
    sender = _socket(address)
    target = (address, port)
    first = time.monotonic_ns()
    number = 0
    try:
        while number < tape.rows:
            now = time.monotonic_ns()
            if now >= first + number * period_ns:
                tape.sent[number] = now
                _send(sender, NUMBER.pack(number), target)
                number += 1
            else:
                _listen(sender, tape, first + number * period_ns)
    except Ended:
        pass
    _linger(sender, tape)


def _send(through: socket.socket, octets: bytes, target: object) -> None:
    # No route, no neighbour, no room: all of them are lost packets, which is what is being counted.
    with contextlib.suppress(OSError):
        through.sendto(octets, target)


def _listen(through: socket.socket, tape: Tape, until: int) -> None:
    wait = max(0, until - time.monotonic_ns()) / 1e9
    if not select.select([through], [], [], wait)[0]:
        return
    # An OSError here is an ICMP error about an earlier datagram, which is counted as lost anyway.
    with contextlib.suppress(OSError):
        octets = through.recv(64)
        tape.back[NUMBER.unpack(octets)[0]] = time.monotonic_ns()


def _linger(through: socket.socket, tape: Tape) -> None:
    # The last datagrams are still on their way.
    deadline = time.monotonic_ns() + LINGER_NS
    while time.monotonic_ns() < deadline:
        _listen(through, tape, deadline)


def main(role: str, path: str, rows: str, address: str, port: str, echo: str, period_ms: str = "1") -> None:
    """Run one end until SIGTERM."""
    signal.signal(signal.SIGTERM, _end)
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(REALTIME))
    tape = Tape(Path(path), int(rows))
    with contextlib.suppress(Ended):
        if role == "serve":
            serve(tape, address, int(port), echo == "1")
        else:
            send(tape, address, int(port), int(period_ms) * MILLISECOND_NS)


if __name__ == "__main__":
    main(*sys.argv[1:])
