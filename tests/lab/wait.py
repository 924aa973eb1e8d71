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
# Every test waits this long at least (tests/conftest.py): how long a starved process takes says nothing
# about what is tested. A bench waits as long as it says.
least_s = 0.0


def wait_until(
    condition: Condition, budget: float, what: str, interval: float = 0.01, exact: bool = False
) -> object:
    """Poll until the condition holds and return its value, or raise saying what did not happen.

    With `exact` the budget is what is tested, and is not stretched.
    """
    if not exact:
        budget = max(budget, least_s)
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
    passed = 0.0
    # Once more at the end: whoever stands still for all of it has looked as well.
    while passed < duration:
        passed = time.monotonic() - started
        if not condition():
            raise AssertionError(f"{what}: no longer true after {passed:.3f} s of {duration:g} s")
        time.sleep(interval)
