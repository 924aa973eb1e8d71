# SPDX-License-Identifier: GPL-2.0-or-later
"""Waiting for a condition with a budget; the only place of the lab that sleeps."""

import os
import time
from collections.abc import Callable

Condition = Callable[[], object]


def now_ns() -> int:
    """Read the clock that every time of the lab is told by."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


# A machine that is emulated takes longer for everything.
SLOW = float(os.environ.get("HAVEN_LAB_SLOW", "1"))


def wait_until(condition: Condition, budget: float, what: str, interval: float = 0.01) -> object:
    """Poll until the condition holds and return its value, or raise saying what did not happen."""
    deadline = time.monotonic() + budget * SLOW
    while True:
        late = time.monotonic() >= deadline
        value = condition()
        if value:
            return value
        if late:
            raise TimeoutError(f"{what}: did not happen within {budget:g} s")
        time.sleep(interval)


def holds_for(condition: Condition, duration: float, what: str, interval: float = 0.02) -> None:
    """Watch the condition for the whole duration and raise as soon as it is broken."""
    started = time.monotonic()
    while (passed := time.monotonic() - started) < duration:
        if not condition():
            raise AssertionError(f"{what}: no longer true after {passed:.3f} s of {duration:g} s")
        time.sleep(interval)
