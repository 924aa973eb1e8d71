# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that are written whole or not at all, whatever is killed or loses its power meanwhile."""

import os


def write_whole(path: str, octets: bytes, mode: int) -> None:
    """Replace a file, all of it or nothing. Raises OSError."""
    forget_leftovers(path)
    aside = "%s.%d.new" % (path, os.getpid())
    try:
        write_durably(aside, octets, mode)
        os.replace(aside, path)
    except BaseException:
        _forget(aside)
        raise
    sync_folder(os.path.dirname(path) or ".")


def forget_leftovers(path: str) -> None:
    """Remove what a process left beside a file when it was killed, or the power was cut, while it wrote."""
    folder, name = os.path.split(path)
    try:
        found = os.listdir(folder or ".")
    except OSError:
        return
    for leftover in found:
        if leftover.startswith(name + ".") and leftover.endswith(".new"):
            writer = leftover[len(name) + 1 : -len(".new")]
            if writer.isdigit() and not os.path.exists("/proc/" + writer):
                _forget(os.path.join(folder, leftover))


def write_durably(path: str, octets: bytes, mode: int) -> None:
    """Write a new file and wait until it is on the disk; its name is for sync_folder(). Raises OSError."""
    # Another user may have put a link of this name into a folder like /tmp: what it leads to is not ours.
    _forget(path)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())


def _forget(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return


def sync_folder(path: str) -> None:
    """Wait until the names in a folder are on the disk. Raises OSError."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
