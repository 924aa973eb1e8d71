# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets that come often enough to tell a tenth of a millisecond, and which router has sent what when."""

import contextlib
import subprocess
import sys
import time
from dataclasses import dataclass

from tests.lab import frames
from tests.lab.frames import Frame
from tests.lab.listener import RETURN, record, records
from tests.lab.network import ROOT, SERVICE, Network, port_name

EVERYTHING = ((RETURN, 0, 0, 64),)
LONGEST = 64
PORTS = (("r1", "lan"), ("r1", "wan"), ("r2", "lan"), ("r2", "wan"))
PERIOD_NS = 100_000
# As the probe of the lab, before whatever else the machine has to do.
SENDER = """
import os, socket, time
os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(20))
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
due = time.monotonic_ns()
while True:
    time.sleep(max(0, due - time.monotonic_ns()) / 1e9)
    due = max(due + %d, time.monotonic_ns())
    try:
        sender.sendto(b"takeover", ("%s", 9))
    except OSError:
        pass
"""


class Sender:
    """A client that sends a datagram every tenth of a millisecond."""

    def __init__(self, network: Network) -> None:
        self._process = network.client.spawn([sys.executable, "-c", SENDER % (PERIOD_NS, SERVICE)])

    def end(self) -> None:
        """Send no more."""
        self._process.kill()
        self._process.wait()


@dataclass(frozen=True)
class Seen:
    """Times in ns: the last frame of r1, r2's first ADVERTISEMENT and the first packet that it forwards."""

    last: int
    advertised: int
    forwarded: int


class Frames:
    """Everything that two routers send on LAN and WAN."""

    def __init__(self, network: Network) -> None:
        self._path = network.folder / "takeover"
        argv = [sys.executable, "-m", "bench.takeover_frames", str(self._path)]
        self._process = network.switch.namespace.spawn(argv, stdout=subprocess.PIPE, cwd=ROOT)
        if self._process.stdout is None or not self._process.stdout.readline():
            raise RuntimeError("nobody listens")

    def end(self) -> Seen:
        """Listen no more, and tell what was seen."""
        time.sleep(0.2)
        self._process.terminate()
        self._process.wait(10)
        found = list(records(self._path.read_bytes()))
        last = max(at for at, port, _octets in found if PORTS[port][0] == "r1")
        second = [each for each in found if PORTS[each[1]][0] == "r2" and each[0] > last]
        return Seen(
            last,
            min(at for at, _port, octets in second if frames.advert(Frame(at, "r2", octets))),
            min(at for at, port, octets in second if PORTS[port][1] == "wan" and _is_forwarded(octets)),
        )


def _is_forwarded(octets: bytes) -> bool:
    return octets[12:14] == b"\x08\x00" and octets[23] == 17


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        record(sys.argv[1], tuple(port_name(*port) for port in PORTS), EVERYTHING, LONGEST)
