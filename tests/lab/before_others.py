# SPDX-License-Identifier: GPL-2.0-or-later
"""A test that must not be held up between two things that it does."""

import contextlib
import os
from collections.abc import Iterator

# As havend has by default.
REALTIME = 1


@contextlib.contextmanager
def before_others() -> Iterator[None]:
    """Let this process, and what it starts meanwhile, go before all that is usual, where that is allowed."""
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(REALTIME))
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
