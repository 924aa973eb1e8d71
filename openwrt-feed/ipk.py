#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Build a package for opkg without OpenWrt's SDK: the same input gives the same octets.

    python3 openwrt-feed/ipk.py haven [FOLDER]         writes FOLDER/haven_VERSION_all.ipk (default dist)
    python3 openwrt-feed/ipk.py --into FOLDER haven    writes the files themselves, as the SDK wants them

A package is described by openwrt-feed/NAME/: `contents`, `control`, and, where it has them, `conffiles`
and the scripts. The lines of `contents` have paths from the root of the repository and of the router:

    SOURCE TARGET             a folder with all that is in it
    * SOURCE TARGET           the same as an archive
    - SOURCE                  a file that is left out
    = MODULE [WORD] TARGET    what a module of ours prints
    + CATALOGUE TARGET        translations, as LuCI reads them

The layout of the package is that of OpenWrt's scripts/ipkg-build.
"""

import gzip
import io
import os
import re
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from lmo import lmo, read_po
from slim import slim

ROOT = Path(__file__).resolve().parents[1]
FEED = ROOT / "openwrt-feed"
# Where there is no git to ask.
SOME_TIME = 1_700_000_000

# What every package has: the author's own scripts are called by these (include/package-pack.mk).
STUBS = {
    "postinst": (
        "#!/bin/sh\n"
        '[ "${IPKG_NO_SCRIPT}" = "1" ] && exit 0\n'
        "[ -s ${IPKG_INSTROOT}/lib/functions.sh ] || exit 0\n"
        ". ${IPKG_INSTROOT}/lib/functions.sh\n"
        "default_postinst $0 $@\n"
    ),
    "prerm": (
        "#!/bin/sh\n"
        "[ -s ${IPKG_INSTROOT}/lib/functions.sh ] || exit 0\n"
        ". ${IPKG_INSTROOT}/lib/functions.sh\n"
        "default_prerm $0 $@\n"
    ),
}
# A script of the author's, and its name in the package.
SCRIPTS = {"postinst": "postinst-pkg", "prerm": "prerm-pkg", "preinst": "preinst", "postrm": "postrm"}

Files = dict[str, tuple[bytes, int]]


def build(name: str, folder: Path) -> Path:
    """Write one package and return its path."""
    described = FEED / name
    epoch = source_date_epoch()
    version = _version()
    data = _tar(payload(described / "contents"), epoch)
    control = _tar(_control_files(described, version, epoch, len(data)), epoch)
    members = {
        "debian-binary": (b"2.0\n", 0o644),
        "data.tar.gz": (_gzip(data), 0o644),
        "control.tar.gz": (_gzip(control), 0o644),
    }
    package = _gzip(_tar(members, epoch, with_folders=False))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}_{version}_all.ipk"
    path.write_bytes(package)
    return path


def install(name: str, folder: Path) -> None:
    """Write what a package installs below a folder."""
    for place, (octets, mode) in payload(FEED / name / "contents").items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes(octets)
        (folder / place).chmod(mode)


def payload(contents: Path) -> Files:
    """Return what the package installs: path on the router to octets and mode."""
    rows = [line.split() for line in contents.read_text().splitlines()]
    left_out = {ROOT / row[1] for row in rows if row[0] == "-"}
    found: Files = {}
    for source, target in (row for row in rows if row[0] not in "-=*+"):
        for inner, octets in _below(ROOT / source, left_out):
            place = f"{target}/{inner}".lstrip("/")
            found[place] = (octets, _mode(place))
    for source, target in (row[1:] for row in rows if row[0] == "*"):
        files = {str(inner): octets for inner, octets in _below(ROOT / source, left_out)}
        found[target.lstrip("/")] = (_archive(files), 0o644)
    for source, target in (row[1:] for row in rows if row[0] == "+"):
        found[target.lstrip("/")] = (lmo(read_po((ROOT / source).read_text())), 0o644)
    if not found:
        raise SystemExit(f"{contents}: nothing of it is in the repository")
    made = [row[1:] for row in rows if row[0] == "="]
    return found | {target.lstrip("/"): (_printed(words), 0o644) for *words, target in made}


def _below(source: Path, left_out: set[Path]) -> Iterator[tuple[Path, bytes]]:
    for path in sorted(source.rglob("*")):
        inner = path.relative_to(source)
        # What tools leave behind is no part of the package.
        litter = any(
            part.startswith((".", "__pycache__")) or part.endswith(".egg-info") for part in inner.parts
        )
        if path.is_file() and not litter and path not in left_out:
            yield inner, _octets(path)


def _archive(files: dict[str, bytes]) -> bytes:
    """Return an archive that is not packed: the package as a whole is, and the router packs it anew."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in sorted(files):
            # Of 1980: the same files give the same octets.
            archive.writestr(zipfile.ZipInfo(name), files[name])
    return stream.getvalue()


def _printed(words: list[str]) -> bytes:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    argv = [sys.executable, "-m", *words]
    return subprocess.run(argv, stdout=subprocess.PIPE, check=True, env=environment).stdout


def _octets(path: Path) -> bytes:
    return slim(path.read_text()).encode() if path.suffix == ".py" else path.read_bytes()


def _mode(place: str) -> int:
    # By place, not by the work tree: another umask must not give another package.
    programs = ("usr/bin/", "usr/sbin/", "usr/libexec/", "etc/init.d/", "etc/uci-defaults/")
    if place.startswith("etc/config/"):
        # Passwords stand there.
        return 0o600
    return 0o755 if place.startswith(programs) else 0o644


def _control_files(described: Path, version: str, epoch: int, size: int) -> Files:
    fields = (described / "control").read_text()
    for key, value in (("VERSION", version), ("EPOCH", epoch), ("SIZE", size)):
        fields = fields.replace(f"@{key}@", str(value))
    files = {"control": (fields.encode(), 0o644)}
    conffiles = described / "conffiles"
    if conffiles.exists():
        files["conffiles"] = (conffiles.read_bytes(), 0o644)
    for name, text in STUBS.items():
        files[name] = (text.encode(), 0o755)
    for name, place in SCRIPTS.items():
        if (described / name).exists():
            files[place] = ((described / name).read_bytes(), 0o755)
    return files


def _tar(files: Files, epoch: int, with_folders: bool = True) -> bytes:
    """Return a GNU tar of files and the folders that they are in, in the order of their names."""
    places = {f"./{place}": octets_and_mode for place, octets_and_mode in files.items()}
    folders = {str(folder) for place in files for folder in Path(place).parents} if with_folders else set()
    names = list(places) if not with_folders else sorted([*places, *(_folder(each) for each in folders)])
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name in names:
            octets, mode = places.get(name, (b"", 0o755))
            member = tarfile.TarInfo(name)
            member.type = tarfile.REGTYPE if name in places else tarfile.DIRTYPE
            member.mode, member.mtime, member.size = mode, epoch, len(octets)
            archive.addfile(member, io.BytesIO(octets))
    return stream.getvalue()


def _folder(path: str) -> str:
    return "./" if path == "." else f"./{path}"


def _gzip(octets: bytes) -> bytes:
    """Do what gzip -9n does; Python's own header differs between its releases."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    head = b"\x1f\x8b\x08" + bytes(5) + b"\x02\x03"
    tail = zlib.crc32(octets).to_bytes(4, "little") + (len(octets) & 0xFFFFFFFF).to_bytes(4, "little")
    packed = head + deflate.compress(octets) + deflate.flush() + tail
    assert gzip.decompress(packed) == octets
    return packed


def source_date_epoch() -> int:
    """Return the time that stands in the package: what is asked for, or that of the last change."""
    if asked := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(asked)
    argv = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct", "--", "src", "files", "po", "openwrt-feed"]
    try:
        answer = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        answer = ""
    return int(answer or SOME_TIME)


def _version() -> str:
    found = re.search(r'^VERSION = "(.+)"$', (ROOT / "src/haven/__init__.py").read_text(), re.MULTILINE)
    assert found, "src/haven/__init__.py names no VERSION"
    return found.group(1)


def main() -> int:
    """Build what the command line names."""
    if len(sys.argv) == 4 and sys.argv[1] == "--into":
        install(sys.argv[3], Path(sys.argv[2]))
        return 0
    if len(sys.argv) not in (2, 3):
        sys.stderr.write("usage: ipk.py NAME [FOLDER] or ipk.py --into FOLDER NAME\n")
        return 2
    print(build(sys.argv[1], Path(sys.argv[2]) if len(sys.argv) == 3 else ROOT / "dist"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
