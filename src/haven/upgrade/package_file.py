# SPDX-License-Identifier: GPL-2.0-or-later
"""A package file, by what is in it: its name, version and architecture, and that it is whole.

What its name says counts for nothing. Packages for opkg, and those for apk of both its formats: a tar as of
version 2, and apk's own database as of version 3, which OpenWrt's SDK makes.
"""

import hashlib
import os
import tarfile
import zlib
from dataclasses import dataclass
from typing import IO, Any

from haven.contract.upgrade import LARGEST_PACKAGE, FileFault, UpgradeStopped
from haven.upgrade.apk_database import DatabaseError, is_database, read_about
from haven.upgrade.unpacking import Damaged, Unpacked, archive_of, read_all

BLOCK = 1 << 16
# Of what describes a package; and of all that is in it, so that a small file does not keep us for hours.
LARGEST_ABOUT = 1 << 16
CONTROL, DATA, ABOUT = "control.tar.gz", "data.tar.gz", ".PKGINFO"
GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class PackageFile:
    """A package and where it lies; sizes in octets."""

    path: str
    kind: str
    name: str
    version: str
    architecture: str
    installed_size: int
    size: int
    sha256: str

    def offer(self) -> dict[str, Any]:
        """Return what a router is told of it."""
        return {key: value for key, value in vars(self).items() if key != "path"}


def check_unchanged(packages: "list[PackageFile]", digests: list[str]) -> None:
    """See that packages are those that somebody has agreed to, by their SHA-256. Raises UpgradeStopped."""
    for package in packages:
        if package.sha256 not in digests:
            raise UpgradeStopped("files-changed", file=package.path)


def read_package(path: str) -> PackageFile:
    """Return what a package file is, after reading all of it. Raises FileFault."""
    try:
        size = _size_of(path)
        with open(path, "rb") as file:
            kind, about = _about(file)
            file.seek(0)
            digest = _digest(file)
    except OSError as why:
        raise FileFault("file-unreadable", file=path, error=why.strerror or str(why)) from None
    except (Damaged, EOFError, zlib.error, DatabaseError):
        raise FileFault("file-cut", file=path) from None
    except (tarfile.TarError, KeyError, ValueError):
        raise FileFault("file-no-package", file=path) from None
    return PackageFile(path=path, kind=kind, size=size, sha256=digest, **about)


def _size_of(path: str) -> int:
    size = os.stat(path).st_size
    if not os.path.isfile(path):
        raise OSError(0, "it is not a regular file")
    if size > LARGEST_PACKAGE:
        raise FileFault("file-large", file=path, most=LARGEST_PACKAGE >> 10)
    return size


def _digest(file: IO[bytes]) -> str:
    found = hashlib.sha256()
    while octets := file.read(BLOCK):
        found.update(octets)
    return found.hexdigest()


def _about(file: IO[bytes]) -> tuple[str, dict[str, Any]]:
    begin = file.read(4)
    file.seek(0)
    if is_database(begin):
        return "apk", read_about(file)
    if begin[:2] != GZIP:
        raise ValueError("neither a gzip nor a database")
    read_all(Unpacked(file))
    file.seek(0)
    with archive_of(file) as archive:
        return _of_archive(archive)


def _of_archive(archive: tarfile.TarFile) -> tuple[str, dict[str, Any]]:
    """Take what the first file says that says anything; of an ipk see that its data are whole as well."""
    found: dict[str, str] = {}
    for member in archive:
        name = member.name.removeprefix("./")
        if member.issparse():
            # What is not in the file would be read as zeros, without an end.
            raise ValueError("sparse")
        content = archive.extractfile(member)
        if name == ABOUT and content is not None:
            # The rest is what is installed; it has been read already.
            return "apk", _of_pkginfo(content.read(LARGEST_ABOUT).decode())
        if name == CONTROL and content is not None:
            found = _fields(_control(content), ":")
        elif name == DATA and content is not None:
            read_all(Unpacked(content))
    return "ipk", {
        "name": found["Package"],
        "version": found["Version"],
        "architecture": found["Architecture"],
        "installed_size": int(found.get("Installed-Size", "0")),
    }


def _control(content: IO[bytes]) -> str:
    with archive_of(content) as control:
        for member in control:
            about = control.extractfile(member)
            if member.name.removeprefix("./") == "control" and about is not None:
                text: str = about.read(LARGEST_ABOUT).decode()
                return text
    raise KeyError("control")


def _of_pkginfo(text: str) -> dict[str, Any]:
    found = _fields(text, "=")
    return {
        "name": found["pkgname"],
        "version": found["pkgver"],
        "architecture": found["arch"],
        "installed_size": int(found.get("size", "0")),
    }


def _fields(text: str, mark: str) -> dict[str, str]:
    """Return the rows of a control file or a .PKGINFO; a line that goes on begins with a blank."""
    rows = [line.partition(mark) for line in text.splitlines() if line[:1] not in ("", " ", "#")]
    return {key.strip(): value.strip() for key, _mark, value in rows}
