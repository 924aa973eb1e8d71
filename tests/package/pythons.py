# SPDX-License-Identifier: GPL-2.0-or-later
"""The Pythons of OpenWrt's releases, as far as they are on this machine."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

VERSIONS = ("3.11", "3.12", "3.13", "3.14")
# Those that OpenWrt builds with, from the least on (include/prereq-build.mk).
BUILD_VERSIONS = ("3.8", "3.9", "3.10", *VERSIONS)


def _is(version: str, path: str) -> bool:
    asked = [path, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    return subprocess.run(asked, capture_output=True, text=True).stdout.strip() == version


def _find(versions: tuple[str, ...]) -> dict[str, str]:
    found = {"%d.%d" % sys.version_info[:2]: sys.executable}
    managed = sorted(Path.home().glob(".pyenv/versions/3.*/bin/python3"))
    for version in versions:
        here = [shutil.which(f"python{version}"), *map(str, managed)]
        for path in here:
            if path and version not in found and os.access(path, os.X_OK) and _is(version, path):
                found[version] = path
    return found


PYTHONS = _find(VERSIONS)
BUILDERS = _find(BUILD_VERSIONS)
