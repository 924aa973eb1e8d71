# SPDX-License-Identifier: GPL-2.0-or-later
"""A file that one process at a time has locked, until it closes it or ends (flock(2))."""

import fcntl


def lock(descriptor: int) -> bool:
    """Lock an open file; tell whether it was free. Raises OSError."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
