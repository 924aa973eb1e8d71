# SPDX-License-Identifier: GPL-2.0-or-later
"""Small packages of every kind, and a router's root that has them installed."""

import gzip
import io
import struct
import tarfile
import zlib
from pathlib import Path

from tests.lab.opkg_process import note


def tar(**files: str) -> bytes:
    """Make an archive; two underscores stand for a dot."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo("./" + name.replace("__", "."))
            octets = text if isinstance(text, bytes) else text.encode()
            member.size = len(octets)
            archive.addfile(member, io.BytesIO(octets))
    return made.getvalue()


def ipk(
    folder: Path, name: str = "haven", version: str = "2.0-r1", arch: str = "all", size: int = 1000
) -> Path:
    """Make a package for opkg."""
    control = f"Package: {name}\nVersion: {version}\nArchitecture: {arch}\n"
    control += f"Installed-Size: {size}\nDescription: x\n y\n"
    members = {
        "debian-binary": b"2.0\n",
        "data.tar.gz": gzip.compress(tar(file="content" * 1000), mtime=0),
        "control.tar.gz": gzip.compress(tar(control=control), mtime=0),
    }
    path = folder / f"{name}-{version}.ipk"
    path.write_bytes(gzip.compress(tar(**members), mtime=0))
    return path


def old_apk(folder: Path, name: str = "haven", version: str = "2.0-r1") -> Path:
    """Make a package in apk's second format."""
    about = f"# made\npkgname = {name}\npkgver = {version}\narch = noarch\nsize = 1000\n"
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        member = tarfile.TarInfo(".PKGINFO")
        member.size = len(about)
        archive.addfile(member, io.BytesIO(about.encode()))
    path = folder / f"{name}-{version}.apk"
    path.write_bytes(gzip.compress(made.getvalue()[:1024]) + gzip.compress(tar(file="content" * 1000)))
    return path


def new_apk(folder: Path, name: str = "haven", version: str = "2.0-r1") -> Path:
    """Make a package in apk's third format: a database with one object in another, and a block of data."""
    octets, places = bytearray(8), {}
    for number, text in ((1, name), (2, version), (5, "noarch")):
        places[number] = 0x8 << 28 | len(octets)
        octets += struct.pack("<B", len(text)) + text.encode()
    octets += bytes(-len(octets) % 4)
    places[12] = 0x1 << 28 | 1000
    about = len(octets)
    octets += struct.pack("<13I", 13, *(places.get(number, 0) for number in range(1, 13)))
    root = len(octets)
    octets += struct.pack("<2I", 2, 0xE << 28 | about)
    octets[4:8] = struct.pack("<I", 0xE << 28 | root)
    plain = b"ADB.pckg" + _block(0, bytes(octets)) + _block(2, b"content" * 1000)
    packing = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    path = folder / f"{name}-{version}-3.apk"
    path.write_bytes(b"ADBd" + packing.compress(plain) + packing.flush())
    return path


def _block(kind: int, octets: bytes) -> bytes:
    return struct.pack("<I", kind << 30 | len(octets) + 4) + octets + bytes(-(len(octets) + 4) % 8)


def router_root(folder: Path, **installed: str) -> Path:
    """Make a root with opkg, which does nothing, and these packages; two underscores stand for a dash."""
    root = folder / "root"
    (root / "bin").mkdir(parents=True)
    (root / "usr/lib").mkdir(parents=True)
    (root / "bin/opkg").write_text("#!/bin/sh\necho nothing is done; exit 3\n")
    (root / "bin/opkg").chmod(0o755)
    for name, version in installed.items():
        note(root, name.replace("__", "-"), version)
    return root
