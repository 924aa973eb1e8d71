# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the modules of the pages for LuCI's Lua runtime under plain Lua 5.1."""

import json
import re
import subprocess
from typing import Any

from tests.package.conftest import ROOT

LUASRC = ROOT / "luasrc"


def lua(chunk: str) -> Any:
    """Run a chunk beside the pages' modules and return what it returns."""
    argv = ["lua5.1", str(ROOT / "tests/package/luci.lua"), str(LUASRC)]
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
