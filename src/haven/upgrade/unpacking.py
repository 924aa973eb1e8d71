# SPDX-License-Identifier: GPL-2.0-or-later
"""Compressed octets, unpacked a block at a time, and no more of them than a package may have."""

import gzip
import tarfile
import zlib
from typing import IO, Protocol, cast

BLOCK = 1 << 16
# A thousandfold of zeros is a small file.
MOST = 64 << 20


class Readable(Protocol):
    """Something to read from."""

    def read(self, size: int) -> bytes:
        """Return at most so many octets, none at the end."""


class Damaged(Exception):
    """What is packed does not come out, or is too much."""


class Unpacked:
    """Reads what a gzip holds, of several members what all of them hold. Raises Damaged."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._stream = gzip.GzipFile(fileobj=packed, mode="rb")
        self._left = MOST

    def read(self, size: int = BLOCK) -> bytes:
        """Return at most so many octets, none at the end."""
        try:
            octets = self._stream.read(size)
        except (EOFError, gzip.BadGzipFile, zlib.error) as why:
            raise Damaged(str(why)) from None
        return self._counted(octets)

    def _counted(self, octets: bytes) -> bytes:
        self._left -= len(octets)
        if self._left < 0:
            raise Damaged("it has more than %d octets" % MOST)
        return octets


def archive_of(packed: IO[bytes]) -> tarfile.TarFile:
    """Return the archive that a gzip holds, which is read once from its begin to its end."""
    return tarfile.open(fileobj=cast("IO[bytes]", Unpacked(packed)), mode="r|")


def read_all(stream: Readable) -> None:
    """Read to the end, where the checksum is."""
    while stream.read(BLOCK):
        pass
