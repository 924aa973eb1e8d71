# SPDX-License-Identifier: GPL-2.0-or-later
"""Files whose reading ends: regular ones, up to a size. A FIFO would hold its reader for ever."""

import errno
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# EFBIG, which MicroPython has no name for.
TOO_BIG = 27
FILE_TYPE, REGULAR_FILE = 0o170000, 0o100000
SMALL = 4096


def read_plain(path: str, most: int) -> bytes:
    """Return the octets of a regular file that has at most so many. Raises OSError."""
    # MicroPython cannot ask what it has open.
    octets = _read(path, most + 1) if hasattr(os, "fstat") else _take(path, os.stat(path), most + 1)
    if len(octets) > most:
        raise OSError(TOO_BIG, "it has more than %d octets" % most)
    return octets


def _read(path: str, most: int) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        return _take(descriptor, os.fstat(descriptor), most, closefd=False)
    finally:
        os.close(descriptor)


def _take(place: "str | int", found: "os.stat_result", most: int, **options: "Any") -> bytes:
    if found.st_mode & FILE_TYPE != REGULAR_FILE:
        raise OSError(errno.EINVAL, "it is not a regular file")
    try:
        with open(place, "rb", **options) as file:
            # Python makes room for all that it is asked for, before it looks what is there. The kernel's own
            # files are small, and tell no size.
            octets: bytes = file.read(min(most, found.st_size + SMALL))
            return octets
    except MemoryError:
        raise OSError(
            errno.ENOMEM, "it has %d octets, more than there is memory for" % found.st_size
        ) from None
