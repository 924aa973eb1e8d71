#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Make the release archive that openwrt-feed/haven/Makefile builds from; the same sources, the same octets.

    python3 openwrt-feed/dist.py [FOLDER [MAKEFILE]]    writes FOLDER/haven-VERSION.tar.xz (default dist)

and its hash into MAKEFILE (default openwrt-feed/haven/Makefile), which is therefore not in the archive.
"""

from __future__ import annotations

import hashlib
import lzma
import re
import subprocess
import sys
from pathlib import Path

from archives import tar
from described import SOME_TIME, version
from payload import FEED, ROOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from archives import Files

# What the package is made of; the pages of LuCI are in their own feed's layout.
RELEASED = ("CHANGELOG.md", "LICENSE", "README.md", "files/etc", "files/usr", "pyproject.toml", "src")
HASH = re.compile(r"^(PKG_HASH:=).*$", re.MULTILINE)
EXECUTABLE = "100755"


def build(folder: Path) -> Path:
    """Write the archive and return its path."""
    name = f"haven-{version()}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.tar.xz"
    # Not the time of the last change: to commit the hash would change it.
    octets = tar(_released(), SOME_TIME, f"{name}/")
    path.write_bytes(lzma.compress(octets, preset=9, check=lzma.CHECK_CRC64))
    return path


def write_hash(archive: Path, makefile: Path) -> str:
    """Write an archive's SHA-256 into the Makefile and return it."""
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    text, count = HASH.subn(rf"\g<1>{found}", makefile.read_text())
    if count != 1:
        raise SystemExit(f"{makefile}: no line PKG_HASH:= to write the hash to")
    makefile.write_text(text)
    return found


def _released() -> Files:
    """Return what git knows of the sources: nothing that tools have left, nothing that was not added."""
    argv = ["git", "-C", str(ROOT), "ls-files", "--stage", "-z", "--", *RELEASED]
    try:
        rows = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        raise SystemExit("a release is made of what git knows, and there is no git here") from None
    found: Files = {}
    for row in filter(None, rows):
        mode, _object, place = row.replace("\t", " ").replace(" 0 ", " ", 1).split(" ", 2)
        found[place] = ((ROOT / place).read_bytes(), 0o755 if mode == EXECUTABLE else 0o644)
    return found


def main() -> int:
    """Make the archive that the command line names."""
    if len(sys.argv) > 3:
        sys.stderr.write("usage: dist.py [FOLDER [MAKEFILE]]\n")
        return 2
    path = build(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist")
    print(path, write_hash(path, Path(sys.argv[2]) if len(sys.argv) > 2 else FEED / "haven/Makefile"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
