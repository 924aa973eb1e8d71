# SPDX-License-Identifier: GPL-2.0-or-later
"""Archives whose octets depend on what is in them alone: not on the work tree, the time or the Python."""

from __future__ import annotations

import gzip
import hashlib
import io
import zipfile
import zlib
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    # A path to its octets and mode.
    Files = dict[str, tuple[bytes, int]]

# The magic of tar's formats; Python's own writer fills the other fields differently in each release.
GNU, USTAR = b"ustar  \0", b"ustar\x0000"
FILE, FOLDER, EXTENDED = b"0", b"5", b"x"
BLOCK, RECORD = 512, 10240


def tar(files: Files, epoch: int, prefix: str = "./") -> bytes:
    """Return a GNU tar of files and the folders that they are in, in the order of their names."""
    places = {prefix + place: octets_and_mode for place, octets_and_mode in files.items()}
    folders = {_folder(prefix, folder) for place in files for folder in Path(place).parents}
    return _ended(
        b"".join(_member(name, places.get(name), epoch, GNU) for name in sorted({*places, *folders}))
    )


def flat_tar(files: Files, epoch: int) -> bytes:
    """Return a GNU tar of files alone, in their order."""
    return _ended(b"".join(_member(f"./{name}", each, epoch, GNU) for name, each in files.items()))


def unended_tar(files: Files, epoch: int) -> bytes:
    """Return a tar of files in their order that another one goes on with, as apk's packages have it."""
    return b"".join(_member(name, each, epoch, USTAR) for name, each in files.items())


def tar_with_checksums(files: Files, epoch: int) -> bytes:
    """Return a tar for apk, in which every file has its SHA-1, by which apk knows what was changed."""
    folders = {str(folder) for place in files for folder in Path(place).parents} - {"."}
    made = b""
    for name in sorted({*files, *folders}):
        if name in files:
            made += _checksum(name, files[name][0], epoch)
        made += _member(name, files.get(name), epoch, USTAR)
    return _ended(made)


def _folder(prefix: str, folder: Path) -> str:
    return prefix if str(folder) == "." else prefix + str(folder)


def _checksum(name: str, octets: bytes, epoch: int) -> bytes:
    # POSIX's pax format: the length of a record is part of it, and has two digits here.
    said = " APK-TOOLS.checksum.SHA1=%s\n" % hashlib.sha1(octets).hexdigest()
    record = ("%d%s" % (len(said) + 2, said)).encode()
    return _header(name, len(record), 0o644, epoch, EXTENDED, USTAR) + _padded(record)


def _member(name: str, octets_and_mode: tuple[bytes, int] | None, epoch: int, magic: bytes) -> bytes:
    if octets_and_mode is None:
        return _header(name, 0, 0o755, epoch, FOLDER, magic)
    octets, mode = octets_and_mode
    return _header(name, len(octets), mode, epoch, FILE, magic) + _padded(octets)


def _header(name: str, size: int, mode: int, epoch: int, kind: bytes, magic: bytes) -> bytes:
    """Return a member's first block: root owns it."""
    if len(name.encode()) > 100:
        raise SystemExit(f"{name}: a tar of this kind has no room for so long a name")
    numbers = "%07o\0%07o\0%07o\0%011o\0%011o\0" % (mode, 0, 0, size, epoch)
    before = name.encode().ljust(100, b"\0") + numbers.encode()
    after = kind + bytes(100) + magic + bytes(247)
    checksum = sum(before) + sum(after) + 8 * ord(" ")
    return before + b"%06o\0 " % checksum + after


def _padded(octets: bytes, unit: int = BLOCK) -> bytes:
    return octets + bytes(-len(octets) % unit)


def _ended(members: bytes) -> bytes:
    return _padded(members + bytes(2 * BLOCK), RECORD)


def gzipped(octets: bytes) -> bytes:
    """Do what gzip -9n does; Python's own header differs between its releases."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    head = b"\x1f\x8b\x08" + bytes(5) + b"\x02\x03"
    tail = zlib.crc32(octets).to_bytes(4, "little") + (len(octets) & 0xFFFFFFFF).to_bytes(4, "little")
    packed = head + deflate.compress(octets) + deflate.flush() + tail
    assert gzip.decompress(packed) == octets
    return packed


def stored_zip(files: dict[str, bytes]) -> bytes:
    """Return a zip that is not packed: the package as a whole is, and the router packs it anew."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in sorted(files):
            # Of 1980: the same files give the same octets.
            archive.writestr(zipfile.ZipInfo(name), files[name])
    return stream.getvalue()
