#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Build a package for opkg without OpenWrt's SDK: the same input gives the same octets.

    python3 openwrt-feed/ipk.py haven [FOLDER]         writes FOLDER/haven_VERSION_all.ipk (default dist)
    python3 openwrt-feed/ipk.py --into FOLDER haven    writes the files themselves

A package is described by openwrt-feed/NAME/: `contents` (see payload.py), `control` (see described.py),
and, where it has them, `conffiles` and the scripts. The layout is that of OpenWrt's scripts/ipkg-build.
"""

from __future__ import annotations

import sys
from pathlib import Path

from archives import flat_tar, gzipped, tar
from described import control_text, fields, source_date_epoch
from payload import FEED, ROOT, conffiles, install, payload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from archives import Files

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


def build(name: str, folder: Path) -> Path:
    """Write one package and return its path."""
    epoch = source_date_epoch()
    files = payload(FEED / name / "contents")
    data = tar(files, epoch)
    said = fields(name, len(data))
    control = tar(_control_files(FEED / name, said, files), epoch)
    members = {
        "debian-binary": (b"2.0\n", 0o644),
        "data.tar.gz": (gzipped(data), 0o644),
        "control.tar.gz": (gzipped(control), 0o644),
    }
    package = gzipped(flat_tar(members, epoch))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}_{said['Version']}_{said['Architecture']}.ipk"
    path.write_bytes(package)
    return path


def _control_files(described: Path, said: dict[str, str], payload: Files) -> Files:
    files = {"control": (control_text(said).encode(), 0o644)}
    ours = [each for each in conffiles(described) if each.lstrip("/") in payload]
    if ours:
        files["conffiles"] = ("".join(f"{each}\n" for each in ours).encode(), 0o644)
    for name, text in STUBS.items():
        files[name] = (text.encode(), 0o755)
    for name, place in SCRIPTS.items():
        if (described / name).exists():
            files[place] = ((described / name).read_bytes(), 0o755)
    return files


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
