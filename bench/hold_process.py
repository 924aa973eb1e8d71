# SPDX-License-Identifier: GPL-2.0-or-later
"""Keeps the packets of a queue waiting until SIGUSR1 or for three seconds, lets them go, and ends."""

import os
import select
import signal
import sys
import time
from pathlib import Path

from netfilterqueue import NetfilterQueue, Packet

LONGEST_S = 3.0
MOST_PACKETS = 65536
BUFFER = 16 << 20


def hold(number: int, ready: Path) -> None:
    """Hold what comes; whatever comes after the end passes the queue by."""
    waiting: list[Packet] = []
    queue = NetfilterQueue()
    queue.bind(number, lambda packet: _keep(waiting, packet), MOST_PACKETS, sock_len=BUFFER)
    told, tell = os.pipe()
    signal.signal(signal.SIGUSR1, lambda *_: os.write(tell, b"x"))
    ready.write_text(str(os.getpid()))
    until = None
    while until is None or time.monotonic() < until:
        heard = select.select([queue.get_fd(), told], [], [], LONGEST_S)[0]
        if told in heard:
            break
        queue.run(block=False)
        until = until or (time.monotonic() + LONGEST_S if waiting else None)
    _let_go(queue, waiting)


def _keep(waiting: list[Packet], packet: Packet) -> None:
    packet.retain()
    waiting.append(packet)


def _let_go(queue: NetfilterQueue, waiting: list[Packet]) -> None:
    # What arrives meanwhile is behind the others, and goes with the next round.
    while waiting:
        going = list(waiting)
        waiting.clear()
        for packet in going:
            packet.accept()
        queue.run(block=False)
    queue.unbind()


if __name__ == "__main__":
    hold(int(sys.argv[1]), Path(sys.argv[2]))
