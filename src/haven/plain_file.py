# SPDX-License-Identifier: GPL-2.0-or-later
"""Files whose reading ends: regular ones, up to a size. A FIFO would hold its reader for ever."""

import errno
import os

FILE_TYPE, REGULAR_FILE = 0o170000, 0o100000


def read_plain(path: str, most: int) -> bytes:
    """Return the octets of a regular file that has at most so many. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        if os.fstat(descriptor).st_mode & FILE_TYPE != REGULAR_FILE:
            raise OSError(errno.EINVAL, "it is not a regular file")
        with open(descriptor, "rb", closefd=False) as file:
            octets = file.read(most + 1)
    finally:
        os.close(descriptor)
    if len(octets) > most:
        raise OSError(errno.EFBIG, "it has more than %d octets" % most)
    return octets
