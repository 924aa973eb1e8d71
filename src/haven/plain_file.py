# SPDX-License-Identifier: GPL-2.0-or-later
"""Files whose reading ends: regular ones, up to a size. A FIFO would hold its reader for ever."""

import errno
import os

# EFBIG, which MicroPython has no name for.
TOO_BIG = 27
FILE_TYPE, REGULAR_FILE = 0o170000, 0o100000


def read_plain(path: str, most: int) -> bytes:
    """Return the octets of a regular file that has at most so many. Raises OSError."""
    octets = _read(path, most + 1) if hasattr(os, "fstat") else _read_small(path, most + 1)
    if len(octets) > most:
        raise OSError(TOO_BIG, "it has more than %d octets" % most)
    return octets


def _read_small(path: str, most: int) -> bytes:
    """Read with MicroPython, which cannot ask what it has open, and makes room for what it is asked for."""
    found = os.stat(path)
    _check_kind(found.st_mode)
    try:
        with open(path, "rb") as file:
            return file.read(min(most, found.st_size))
    except MemoryError:
        raise OSError(
            errno.ENOMEM, "it has %d octets, more than there is memory for" % found.st_size
        ) from None


def _read(path: str, most: int) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        _check_kind(os.fstat(descriptor).st_mode)
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(most)
    finally:
        os.close(descriptor)


def _check_kind(mode: int) -> None:
    if mode & FILE_TYPE != REGULAR_FILE:
        raise OSError(errno.EINVAL, "it is not a regular file")
