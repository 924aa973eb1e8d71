# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a busy machine makes a Backup take over from a living Active."""

import subprocess
import sys
import time

from bench.pair import PROGRAMS, pair
from bench.table import Comparison
from tests.lab.node import Node

BUSY_LOOPS = 8
SECONDS = 60


def busy_machine(_runs: int) -> list[Comparison]:
    """Count takeovers in a minute at 10 ms adverts, with eight endless loops beside; once."""
    takeovers = Comparison(f"takeovers in {SECONDS} s at 10 ms, {BUSY_LOOPS} busy loops", "", limit=0)
    for program in PROGRAMS:
        with pair(program, interval_ms=10) as (_network, _first, second):
            loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(BUSY_LOOPS)]
            try:
                takeovers.of(program).append(_takeovers(second))
            finally:
                for loop in loops:
                    loop.kill()
                    loop.wait()
    return [takeovers]


def _takeovers(backup: Node) -> int:
    count, before, end = 0, "backup", time.monotonic() + SECONDS
    if backup.program == "havend":
        time.sleep(SECONDS)
        return sum(each["counters"]["became_active"] for each in backup.status()["virtual_routers"])
    while time.monotonic() < end:
        state = backup.state()
        count += state == "active" and before != "active"
        before = state
        time.sleep(0.01)
    return count
