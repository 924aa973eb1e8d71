# SPDX-License-Identifier: GPL-2.0-or-later
"""What something costs in processor time, whatever else the machine does."""

import time
from collections.abc import Callable


def least_time(act: Callable[[], None]) -> int:
    """Return the least time of the processor that it takes, in nanoseconds, of ten tries."""
    costs = []
    for _ in range(10):
        began = time.thread_time_ns()
        act()
        costs.append(time.thread_time_ns() - began)
    return min(costs)
