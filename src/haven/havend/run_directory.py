# SPDX-License-Identifier: GPL-2.0-or-later
"""The run directory as one havend's own: there, out of reach for others, with room, and locked."""

import os

from haven import paths
from haven.failure_reason import reason_of
from haven.havend.host import system
from haven.havend.log import explain
from haven.private_folder import make_private

# What waits for no disk.
IN_MEMORY = (b"tmpfs", b"ramfs", b"devtmpfs", b"rootfs")
# Until it can be used.
RETRY_S = 1


def claim(run_dir: str, wait: bool) -> bool:
    """Make the run directory ours; tell whether it is. With `wait` it is in the end."""
    said = ""
    while True:
        obstacle = _obstacle(run_dir)
        if obstacle is None:
            return True
        if obstacle != said:
            explain("havend: %s: %s" % ("waiting" if wait else "not started", obstacle))
            said = obstacle
        if not wait:
            return False
        system.sleep(RETRY_S)


def is_in_memory(run_dir: str) -> bool:
    """Tell whether the run directory is on no disk; where that cannot be told it is taken to be so."""
    try:
        # Octets, as a user's mount need not be UTF-8.
        with open("/proc/self/mountinfo", "rb") as file:
            lines = file.read().splitlines()
    except OSError:
        return True
    best = (b"", b"tmpfs")
    path = os.path.realpath(run_dir).encode()
    for line in lines:
        head, _mark, tail = line.partition(b" - ")
        point = head.split(b" ")[4]
        if (path + b"/").startswith(point.rstrip(b"/") + b"/") and len(point) >= len(best[0]):
            best = (point, tail.split(b" ")[0])
    return best[1] in IN_MEMORY


def _obstacle(run_dir: str) -> "str | None":
    try:
        make_private(run_dir)
        if not os.access(run_dir, os.W_OK):
            return "%s cannot be used as the run directory: it is not writable" % run_dir
        _look_for_room(paths.inside(run_dir, paths.ROOM))
        # The last thing, as it is not given up again.
        if not system.lock_file(paths.inside(run_dir, paths.LOCK)):
            return "another havend runs in %s" % run_dir
    except OSError as error:
        return "%s cannot be used as the run directory: %s" % (run_dir, reason_of(error))
    return None


def _look_for_room(path: str) -> None:
    try:
        with open(path, "wb") as file:
            file.write(b"\0")
    finally:
        if os.path.exists(path):
            os.unlink(path)
