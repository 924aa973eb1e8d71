#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Build a package for apk without OpenWrt's SDK, in apk's version 2, which apk-tools 3 reads, too.

    python3 openwrt-feed/apk.py haven [FOLDER]         writes FOLDER/haven-VERSION.apk (default dist)

The description is the one of ipk.py. What is in the package, beside its format, is what the SDK would put
there for apk (include/package-pack.mk): the same scripts, and lists of files in /lib/apk/packages.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from archives import gzipped, tar_with_checksums, unended_tar
from described import fields, source_date_epoch
from payload import FEED, ROOT, conffiles, payload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from archives import Files

FUNCTIONS = (
    "[ -s ${IPKG_INSTROOT}/lib/functions.sh ] || exit 0\n"
    ". ${IPKG_INSTROOT}/lib/functions.sh\n"
    'export root="${IPKG_INSTROOT}"\n'
    'export pkgname="%s"\n'
)
INSTALLED = '[ "${IPKG_NO_SCRIPT}" = "1" ] && exit 0\n' + FUNCTIONS + "add_group_and_user\ndefault_postinst\n"
REMOVED = FUNCTIONS + "default_prerm\n"
UPGRADE = "export PKG_UPGRADE=1\n"


def build(name: str, folder: Path) -> Path:
    """Write one package and return its path."""
    files = payload(FEED / name / "contents")
    files.update(_lists(name, files))
    epoch = source_date_epoch()
    data = gzipped(tar_with_checksums(files, epoch))
    said = fields(name)
    about = _about(said, sum(len(octets) for octets, _mode in files.values()), data)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{said['Version']}.apk"
    path.write_bytes(gzipped(unended_tar({".PKGINFO": (about, 0o644), **_scripts(name)}, epoch)) + data)
    return path


def _about(said: dict[str, str], size: int, data: bytes) -> bytes:
    rows = [
        ("pkgname", said["Package"]),
        ("pkgver", said["Version"]),
        ("pkgdesc", said["Description"].split("\n")[0]),
        ("url", said["URL"]),
        ("builddate", said["SourceDateEpoch"]),
        ("size", str(size)),
        ("arch", "noarch"),
        ("origin", said["Source"]),
        ("maintainer", said["Maintainer"]),
        ("license", said["License"]),
        *(("depend", each) for each in said["Depends"].split(", ")),
        ("datahash", hashlib.sha256(data).hexdigest()),
    ]
    return "".join(f"{name} = {value}\n" for name, value in rows).encode()


def _lists(name: str, files: Files) -> Files:
    """Return what OpenWrt's scripts and sysupgrade read of a package that apk has installed."""
    users = conffiles(FEED / name)
    made = {"list": "".join(f"/{place}\n" for place in sorted(files))}
    if users:
        made["conffiles"] = "".join(f"{each}\n" for each in users)
        made["conffiles_static"] = "".join(
            "%s %s\n" % (each, hashlib.sha256(files[each[1:]][0]).hexdigest())
            for each in users
            if each[1:] in files
        )
    return {f"lib/apk/packages/{name}.{end}": (text.encode(), 0o644) for end, text in made.items()}


def _scripts(name: str) -> Files:
    """Return the scripts: a stub of OpenWrt's, and the author's behind it."""
    ours = {each: _commands(FEED / name / each) for each in ("preinst", "postinst", "prerm", "postrm")}
    installed = INSTALLED % name + ours["postinst"]
    texts = {
        ".pre-install": ours["preinst"],
        ".post-install": installed,
        ".pre-upgrade": ours["preinst"] and UPGRADE + ours["preinst"],
        ".post-upgrade": UPGRADE + installed,
        ".pre-deinstall": REMOVED % name + ours["prerm"],
        ".post-deinstall": ours["postrm"],
    }
    return {each: (b"#!/bin/sh\n" + text.encode(), 0o755) for each, text in texts.items() if text}


def _commands(path: Path) -> str:
    return path.read_text().split("\n", 1)[1] if path.exists() else ""


def main() -> int:
    """Build what the command line names."""
    if len(sys.argv) not in (2, 3):
        sys.stderr.write("usage: apk.py NAME [FOLDER]\n")
        return 2
    print(build(sys.argv[1], Path(sys.argv[2]) if len(sys.argv) == 3 else ROOT / "dist"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
