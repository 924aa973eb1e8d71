# SPDX-License-Identifier: GPL-2.0-or-later
"""What is said of a package: what all have in common is in openwrt-feed/control, the rest in NAME/control."""

from __future__ import annotations

import os
import re
import subprocess

from payload import FEED, ROOT

# Where there is no git to ask.
SOME_TIME = 1_700_000_000
# As include/package-pack.mk writes them.
ORDER = (
    "Package",
    "Version",
    "Depends",
    "Source",
    "SourceName",
    "License",
    "LicenseFiles",
    "Section",
    "SourceDateEpoch",
    "URL",
    "Maintainer",
    "Architecture",
    "Installed-Size",
    "Description",
)


def fields(name: str, installed_size: int = 0) -> dict[str, str]:
    """Return the fields of a package in their order; a description of several lines goes on with blanks."""
    found = {**_read("control"), **_read(f"{name}/control")}
    made = {"NAME": name, "VERSION": version(), "EPOCH": source_date_epoch(), "SIZE": installed_size}
    for key, value in made.items():
        found = {field: text.replace(f"@{key}@", str(value)) for field, text in found.items()}
    return {field: found[field] for field in ORDER}


def control_text(found: dict[str, str]) -> str:
    """Write fields as a control file has them."""
    return "".join(f"{field}: {text}\n" for field, text in found.items())


def version() -> str:
    """Return the version of haven."""
    found = re.search(r'^VERSION = "(.+)"$', (ROOT / "src/haven/__init__.py").read_text(), re.MULTILINE)
    assert found, "src/haven/__init__.py names no VERSION"
    return found.group(1)


def source_date_epoch() -> int:
    """Return the time that stands in the package: what is asked for, or that of the last change."""
    asked = os.environ.get("SOURCE_DATE_EPOCH")
    if asked:
        return int(asked)
    places = ["src", "files", "luasrc", "po", "openwrt-feed"]
    argv = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct", "--", *places]
    try:
        answer = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        answer = ""
    return int(answer or SOME_TIME)


def _read(place: str) -> dict[str, str]:
    text = (FEED / place).read_text().rstrip("\n")
    rows = re.split(r"\n(?! )", text)
    return dict(row.split(": ", 1) for row in rows)
