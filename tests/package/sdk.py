# SPDX-License-Identifier: GPL-2.0-or-later
"""The Makefiles for OpenWrt's SDK, read as text: the SDK is not here."""

import re
from pathlib import Path

from tests.package.conftest import ROOT

FEED = ROOT / "openwrt-feed"


class Makefile:
    """One of them: its plain variables, and its blocks of `define`."""

    def __init__(self, name: str) -> None:
        self.source = (FEED / name / "Makefile").read_text()
        joined = re.sub(r" *\\\n *", " ", self.source)
        self.variables = dict(re.findall(r"^ *(\w+):=(.*)$", joined, re.MULTILINE))
        self.blocks = dict(re.findall(r"^define (\S+)\n(.*?)^endef$", joined, re.MULTILINE | re.DOTALL))

    def script(self, name: str) -> str:
        """Return a script of the package as make hands it on."""
        return self.blocks[name].replace("$$", "$")


def own_fields(name: str) -> dict[str, str]:
    """Return what openwrt-feed/NAME/control says; a description keeps its lines."""
    rows = re.split(r"\n(?! )", (FEED / name / "control").read_text().rstrip("\n"))
    return dict(row.split(": ", 1) for row in rows)


def packages() -> list[Path]:
    """Return the folders of what is built without the SDK, too."""
    return sorted(path.parent for path in FEED.glob("*/contents"))
