# SPDX-License-Identifier: GPL-2.0-or-later
"""Keep the processor from everybody: python -m tests.vm.starver_process MILLISECONDS TIMES PAUSE_MS."""

import os
import sys
import time


def main() -> None:
    """Spin ahead of every other process, and let them have a pause in between."""
    spin_ms, times, pause_ms = (int(word) for word in sys.argv[1:])
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(99))
    for _ in range(times):
        time.sleep(pause_ms / 1000)
        until = time.monotonic() + spin_ms / 1000
        while time.monotonic() < until:
            pass


main()
