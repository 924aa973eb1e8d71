# SPDX-License-Identifier: GPL-2.0-or-later
"""What every test stands on."""

import os
import signal

from hypothesis import settings

from tests.lab import wait

# A machine that is busy with other work holds any process up for seconds.
wait.least_s = 30.0

# How long an example takes says something about the machine alone.
settings.register_profile("haven", deadline=None)
settings.load_profile("haven")

# A shell's background job ignores SIGINT, and so would the programs that the tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Folders lie in memory where there is room, as a router's run directory does.
MEMORY = "/dev/shm"
ROOM = 1 << 30
if os.access(MEMORY, os.W_OK) and os.statvfs(MEMORY).f_bavail * os.statvfs(MEMORY).f_frsize > ROOM:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", MEMORY)
