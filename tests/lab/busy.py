# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine whose processors all have more to do than they can."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

LOOPS = 8


@contextmanager
def busy_loops() -> Iterator[None]:
    """Let as many programs run without a pause as LOOPS."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(LOOPS)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
