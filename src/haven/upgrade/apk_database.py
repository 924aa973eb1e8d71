# SPDX-License-Identifier: GPL-2.0-or-later
"""What a package of apk's version 3 says of itself: apk's database format, as far as that goes.

ADB. or ADBd (deflated), the schema, blocks. The first block is the database: a header of eight octets whose
last four are the root; values of four octets, the type in the first four bits, an offset or a number behind.
"""

import struct
import zlib
from typing import IO, Any

BEGIN = b"ADB"
PLAIN, DEFLATED = b"ADB.", b"ADBd"
PACKAGE = b"pckg"
BLOCK = 1 << 16
# What describes a package, its scripts and the names of its files; and all that is in it.
LARGEST_DATABASE, LARGEST = 4 << 20, 64 << 20

INT, INT_32, INT_64 = 0x1, 0x2, 0x3
BLOBS = {0x8: "<B", 0x9: "<H", 0xA: "<I"}
OBJECT = 0xE
# Places in a package, and in what describes it.
ABOUT = 1
NAME, VERSION, ARCHITECTURE, INSTALLED_SIZE = 1, 2, 5, 12


class DatabaseError(Exception):
    """The file is cut off, damaged or of another format."""


def is_database(begin: bytes) -> bool:
    """Tell whether a file that begins so is of this format."""
    return begin[:3] == BEGIN


def read_about(file: IO[bytes]) -> dict[str, Any]:
    """Return name, version, architecture and installed_size of a whole file. Raises DatabaseError."""
    stream = _Stream(file)
    if stream.take(8) != PLAIN + PACKAGE:
        raise DatabaseError("no package")
    try:
        about = _About(stream.take(_length(stream)))
        found = {
            "name": about.text(NAME),
            "version": about.text(VERSION),
            "architecture": about.text(ARCHITECTURE),
            "installed_size": about.number(INSTALLED_SIZE),
        }
    except (struct.error, IndexError, UnicodeDecodeError) as why:
        raise DatabaseError(str(why)) from None
    stream.skip_blocks()
    return found


def _length(stream: "_Stream") -> int:
    (word,) = struct.unpack("<I", stream.take(4))
    length = (word & 0x3FFFFFFF) - 4
    if word >> 30 or not 8 <= length <= LARGEST_DATABASE:
        raise DatabaseError("no database in it")
    stream.padding = -(length + 4) % 8
    return int(length)


class _Stream:
    """The octets, inflated where they are deflated. Raises DatabaseError."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._octets, self._total = file, b"", 0
        self.padding = 0
        begin = file.read(4)
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS) if begin == DEFLATED else None
        if begin == PLAIN:
            file.seek(0)
        elif begin != DEFLATED:
            raise DatabaseError("compressed in another way")

    def _more(self) -> bool:
        inflate = self._inflate
        if inflate is None:
            octets = self._file.read(BLOCK)
        elif inflate.eof:
            octets = b""
        else:
            packed = inflate.unconsumed_tail or self._file.read(BLOCK)
            octets = inflate.decompress(packed, BLOCK)
            if not packed and not inflate.eof and not octets:
                raise DatabaseError("cut off")
        self._octets += octets
        self._total += len(octets)
        if self._total > LARGEST:
            raise DatabaseError("it holds too much")
        return bool(octets) or (inflate is not None and not inflate.eof)

    def take(self, size: int) -> bytes:
        """Return so many octets, all of them."""
        while len(self._octets) < size:
            if not self._more():
                raise DatabaseError("cut off")
        found, self._octets = self._octets[:size], self._octets[size:]
        return found

    def _skip(self, size: int) -> None:
        while size:
            size -= len(self.take(min(size, BLOCK)))

    def skip_blocks(self) -> None:
        """Read the other blocks, to the end of the last."""
        self._skip(self.padding)
        while self._octets or self._more():
            if not self._octets:
                continue
            (word,) = struct.unpack("<I", self.take(4))
            if word >> 30 == 3:
                raise DatabaseError("a block that is too large")
            length = word & 0x3FFFFFFF
            self._skip(max(0, length - 4) + -length % 8)


class _About:
    """The object that describes the package."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        (root,) = struct.unpack_from("<I", octets, 4)
        self._place = self._object(self._slot(self._object(root), ABOUT))

    def _object(self, value: int) -> int:
        if value >> 28 != OBJECT:
            raise DatabaseError("no object")
        return value & 0x0FFFFFFF

    def _slot(self, place: int, number: int) -> int:
        (count,) = struct.unpack_from("<I", self._octets, place)
        if number >= count:
            return 0
        found: int = struct.unpack_from("<I", self._octets, place + 4 * number)[0]
        return found

    def text(self, number: int) -> str:
        """Return the text in a place."""
        value = self._slot(self._place, number)
        form = BLOBS.get(value >> 28)
        if form is None:
            raise DatabaseError("no text")
        place = value & 0x0FFFFFFF
        (length,) = struct.unpack_from(form, self._octets, place)
        place += struct.calcsize(form)
        return self._octets[place : place + length].decode()

    def number(self, number: int) -> int:
        """Return the number in a place, 0 where there is none."""
        value = self._slot(self._place, number)
        place, kind = value & 0x0FFFFFFF, value >> 28
        if kind == INT:
            return place
        form = {INT_32: "<I", INT_64: "<Q"}.get(kind)
        return int(struct.unpack_from(form, self._octets, place)[0]) if form else 0
