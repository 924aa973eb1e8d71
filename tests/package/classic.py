# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the modules of the pages for LuCI's Lua runtime under plain Lua 5.1."""

import atexit
import json
import re
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from tests.package.conftest import ROOT

sys.path.insert(0, str(ROOT / "openwrt-feed"))
import ipk  # noqa: E402

LUASRC = ROOT / "luasrc"


@cache
def _installed() -> Path:
    """Return a folder with all that the package installs, what is made for it too."""
    folder = Path(tempfile.mkdtemp(prefix="haven-lua-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    ipk.install("luci-app-haven-classic", folder)
    return folder / "usr/lib/lua/luci"


def lua(chunk: str) -> Any:
    """Run a chunk beside the pages' modules and return what it returns."""
    argv = ["lua5.1", str(ROOT / "tests/package/luci.lua"), str(_installed())]
    done = subprocess.run(argv, input=chunk, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def quoted(text: str) -> str:
    """Write a text as Lua."""
    return "[==[" + text + "]==]"


def value(document: Any) -> str:
    """Write a document as an expression of Lua."""
    return f'require("luci.jsonc").parse({quoted(json.dumps(document))})'


def escaped(text: str) -> str:
    """Write a text as luci.xml does it for a page."""
    return re.sub("[<>&\"']", lambda found: f"&#{ord(found[0])};", text)
