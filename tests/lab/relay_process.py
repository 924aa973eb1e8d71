# SPDX-License-Identifier: GPL-2.0-or-later
"""A cable with a middle: carries frames between two ports late, and holds all of them from time to time.

Not for what leaves its checksum to the device: that is read here before it is there.
"""

import contextlib
import heapq
import itertools
import os
import random
import select
import socket
import sys
import time

SOL_PACKET, PACKET_IGNORE_OUTGOING = 263, 23
ETH_P_ALL = 3
LONGEST = 2048
REALTIME = 60


def relay(ports: tuple[str, str], longest_ns: int, hold_ns: int, every_ns: int) -> None:
    """Carry each frame after a time by chance, up to the longest; none within `hold_ns` of each period."""
    ends = [_open(port) for port in ports]
    waiting: list[tuple[int, int, int, bytes]] = []
    numbers = itertools.count()
    print("relaying", flush=True)
    while True:
        rest = max(0, waiting[0][0] - time.monotonic_ns()) / 1e9 if waiting else None
        for end in select.select(ends, [], [], rest)[0]:
            with contextlib.suppress(OSError):
                octets = end.recv(LONGEST)
                due = time.monotonic_ns() + random.randint(0, longest_ns)
                due += max(0, hold_ns - due % every_ns)
                heapq.heappush(waiting, (due, next(numbers), 1 - ends.index(end), octets))
        while waiting and waiting[0][0] <= time.monotonic_ns():
            _due, _number, to, octets = heapq.heappop(waiting)
            with contextlib.suppress(OSError):
                ends[to].send(octets)


def _open(port: str) -> socket.socket:
    made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    made.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    made.bind((port, ETH_P_ALL))
    made.setblocking(False)
    return made


if __name__ == "__main__":
    _program, one, other, *times_us = sys.argv
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(REALTIME))
    longest, hold, every = (1000 * int(time_us) for time_us in times_us)
    relay((one, other), longest, hold, every)
