# SPDX-License-Identifier: GPL-2.0-or-later
"""One agent for a run directory: two would start services twice and end each other's conntrackd."""

import os
import sys
import time

from haven.failure_reason import reason_of
from haven.file_lock import lock
from haven.paths import inside
from haven.private_folder import make_private

# In the run directory; stays, as whoever waits for it has it open.
LOCK = "agent.lock"
# Until the other one may have ended.
RETRY_S = 0.5


def wait_for_turn(run_dir: str) -> None:
    """Wait until no other agent runs in this run directory, and keep others out from then on."""
    try:
        make_private(run_dir)
        # Open until the process ends, however it does: that is what gives the lock up.
        descriptor = os.open(inside(run_dir, LOCK), os.O_RDWR | os.O_CREAT, 0o600)
        if not lock(descriptor):
            _say("waiting: another haven-agent runs in %s" % run_dir)
        while not lock(descriptor):
            time.sleep(RETRY_S)
    except OSError as error:
        # A disk without room is no reason to leave connections and services to nobody.
        _say("whether another one runs in %s is not known: %s" % (run_dir, reason_of(error)))


def is_running(run_dir: str) -> bool:
    """Tell whether an agent runs in this run directory; what cannot be known is taken for none."""
    try:
        descriptor = os.open(inside(run_dir, LOCK), os.O_RDWR)
    except OSError:
        return False
    try:
        return not lock(descriptor)
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _say(text: str) -> None:
    print("haven-agent: " + text, file=sys.stderr, flush=True)
