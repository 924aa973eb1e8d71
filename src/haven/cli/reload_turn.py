# SPDX-License-Identifier: GPL-2.0-or-later
"""One `haven reload` at a time: of two, the later would be undone by an earlier one that takes longer."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from haven import paths
from haven.cli.errors import Failed
from haven.file_lock import lock

# In the run directory; stays, as whoever waits for it has it open.
LOCK = "reload.lock"
# The compiler of a slow router with hundreds of virtual routers takes some seconds.
LIMIT_S, LOOK_S = 60.0, 0.1


@contextmanager
def reload_turn(run_dir: str) -> Iterator[None]:
    """Wait until no other reload is between reading the configuration and handing over its plan."""
    try:
        descriptor = os.open(paths.inside(run_dir, LOCK), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        # A disk without room for a name has none for a plan, and that is said then.
        yield
        return
    try:
        _wait(descriptor)
        yield
    finally:
        os.close(descriptor)


def _wait(descriptor: int) -> None:
    until = time.monotonic() + LIMIT_S
    while not lock(descriptor):
        if time.monotonic() >= until:
            raise Failed("another 'haven reload' has been under way for %d s" % LIMIT_S)
        time.sleep(LOOK_S)
