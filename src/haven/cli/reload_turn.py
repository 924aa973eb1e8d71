# SPDX-License-Identifier: GPL-2.0-or-later
"""One `haven reload` at a time: of two, the later would be undone by an earlier one that takes longer."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from haven import paths
from haven.cli.errors import Failed
from haven.file_lock import lock
from haven.reload_time import RELOAD_S

# In the run directory; stays, as whoever waits for it has it open. Who has it locked says so in it.
LOCK = "reload.lock"
LOOK_S = 0.1


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
        _sign(descriptor)
        yield
    finally:
        os.close(descriptor)


def _wait(descriptor: int) -> None:
    if lock(descriptor):
        return
    print(f"waiting for {_other(descriptor)}", file=sys.stderr, flush=True)
    until = time.monotonic() + RELOAD_S
    while not lock(descriptor):
        if time.monotonic() >= until:
            who = _other(descriptor)
            raise Failed(f"nothing was changed: {who} has not come to its end in {RELOAD_S:.0f} s")
        time.sleep(LOOK_S)


def _sign(descriptor: int) -> None:
    # Where there is no room for a number, nobody is named.
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)


def _other(descriptor: int) -> str:
    number = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
    return "another 'haven reload'" + (f" (process {number})" if number.isdigit() else "")
