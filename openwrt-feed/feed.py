#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Make a folder that a web server can offer as a signed feed, to opkg and to apk.

    python3 openwrt-feed/feed.py FOLDER KEYS NAME...

FOLDER gets the packages, the index of each package manager with its signature, and the public keys; KEYS has
the secret ones, and is made at the first time. What another version has left in FOLDER goes.
"""

from __future__ import annotations

import base64
import hashlib
import io
import sys
import tarfile
import zlib
from pathlib import Path

import apk
import ipk
from archives import gzipped, tar, unended_tar
from described import source_date_epoch
from keys import Keys

OPKG_KEY, APK_KEY = "haven-feed.pub", "haven-feed.pem"
# An index's names of what a package says of itself (apk-tools' doc/apk-package.5.scd and src/package.c).
APK_FIELDS = (
    ("P", "pkgname"),
    ("V", "pkgver"),
    ("A", "arch"),
    ("I", "size"),
    ("T", "pkgdesc"),
    ("U", "url"),
    ("L", "license"),
    ("o", "origin"),
    ("m", "maintainer"),
    ("t", "builddate"),
    ("D", "depend"),
)


def make(folder: Path, keys: Keys, names: list[str]) -> None:
    """Write the feed: packages, then what names them, so that a reader meanwhile finds what he is told of."""
    ipks = [ipk.build(name, folder) for name in names]
    apks = [apk.build(name, folder) for name in names]
    _write_opkg_index(folder, keys, ipks)
    _write_apk_index(folder, keys, apks)
    (folder / OPKG_KEY).write_bytes(keys.usign_public())
    (folder / APK_KEY).write_bytes(keys.pem_public())
    for path in {*folder.glob("*.ipk"), *folder.glob("*.apk")} - {*ipks, *apks}:
        path.unlink()


def _write_opkg_index(folder: Path, keys: Keys, packages: list[Path]) -> None:
    # opkg does not show the description of a last package that no empty line follows.
    text = "".join(_opkg_entry(path) + "\n" for path in packages)
    (folder / "Packages").write_text(text)
    (folder / "Packages.gz").write_bytes(gzipped(text.encode()))
    (folder / "Packages.sig").write_bytes(keys.usign_signature(folder / "Packages"))


def _opkg_entry(path: Path) -> str:
    """Return the control file of a package with what scripts/ipkg-make-index.sh adds to it."""
    octets = path.read_bytes()
    control = _member(_member(octets, "./control.tar.gz"), "./control").decode()
    added = f"Filename: {path.name}\nSize: {len(octets)}\nSHA256sum: {hashlib.sha256(octets).hexdigest()}\n"
    return control.replace("\nDescription:", f"\n{added}Description:")


def _write_apk_index(folder: Path, keys: Keys, packages: list[Path]) -> None:
    text = "".join(_apk_entry(path.read_bytes()) + "\n" for path in packages)
    epoch = source_date_epoch()
    index = gzipped(tar({"DESCRIPTION": (b"haven", 0o644), "APKINDEX": (text.encode(), 0o644)}, epoch, ""))
    # apk takes the digest from the name, and how to check it from the key, which is one on a curve here.
    signature = {f".SIGN.RSA512.{APK_KEY}": (keys.signature(index), 0o644)}
    (folder / "APKINDEX.tar.gz").write_bytes(gzipped(unended_tar(signature, epoch)) + index)


def _apk_entry(octets: bytes) -> str:
    """Return what the index says of a package, as its .PKGINFO says it."""
    unpack = zlib.decompressobj(wbits=31)
    about = unpack.decompress(octets)
    first = octets[: len(octets) - len(unpack.unused_data)]
    said: dict[str, list[str]] = {}
    for line in _member(about, ".PKGINFO").decode().splitlines():
        name, _equals, value = line.partition(" = ")
        said.setdefault(name, []).append(value)
    # What apk knows a package by: the SHA-1 of its first part, which has the SHA-256 of the other one.
    identity = "Q1" + base64.b64encode(hashlib.sha1(first).digest()).decode()
    rows = [("C", identity), ("S", str(len(octets)))]
    rows += [(key, " ".join(said[name])) for key, name in APK_FIELDS]
    return "".join(f"{key}:{value}\n" for key, value in rows)


def _member(archive: bytes, name: str) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(archive)) as found:
        file = found.extractfile(name)
        assert file is not None, f"{name} is a file"
        return file.read()


def main() -> int:
    """Make the feed that the command line names."""
    if len(sys.argv) < 4:
        sys.stderr.write("usage: feed.py FOLDER KEYS NAME...\n")
        return 2
    folder = Path(sys.argv[1])
    make(folder, Keys(Path(sys.argv[2])), sys.argv[3:])
    print(f"{folder}: a feed of {len(sys.argv) - 3} packages; its keys are {OPKG_KEY} and {APK_KEY}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
