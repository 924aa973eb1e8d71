# SPDX-License-Identifier: GPL-2.0-or-later
"""What LuCI's tools collect for translation: xgettext over every file, called as build/i18n-scan.pl does.

Scripts are read as JavaScript, Lua and templates as Lua; of menus and rights the titles and descriptions
count. Only literals are seen.
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import lmo

ANY = ["_:1", "_:1,2c", "N_:2,3", "N_:2,3,4c"]
LUA = ["translate:1", "translate:1,2c", "translatef:1", "ntranslate:2,3", "ntranslate:2,3,4c"]
# Such as luci.i18n.translate().
_QUALIFIED = re.compile(r"((?:\w+\.)+translatef?)[ \t\n]*\(")
_TITLED = re.compile(r'"(?:title|description)"\s*:\s*("(?:[^"\\]|\\.)*")')
_TEMPLATE = re.compile(r"<%-?([=:_+#]?)(.*?)-?%>", re.DOTALL)


def collected(*folders: Path) -> set[str]:
    """Return every text below the folders, by the name that a catalogue has it under."""
    found = set()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            found |= set(_texts(path))
    return found - {""}


def _texts(path: Path) -> Iterator[str]:
    text = path.read_text() if path.is_file() else ""
    if path.suffix == ".js":
        yield from _asked("JavaScript", ANY, text)
    elif path.suffix == ".json" and path.parent.name in ("menu.d", "acl.d"):
        yield from _asked("JavaScript", ANY, "\n".join(f"_({each});" for each in _TITLED.findall(text)))
    elif path.suffix in (".lua", ".htm"):
        source = _as_lua(text) if path.suffix == ".htm" else text
        more = [f"{name}:{place}" for name in set(_QUALIFIED.findall(source)) for place in ("1", "1,2c")]
        yield from _asked("Lua", [*ANY, *LUA, *more], source)


def _as_lua(template: str) -> str:
    """Return the code of a template, and its texts as calls."""
    pieces = []
    for kind, text in _TEMPLATE.findall(template):
        if kind in ("", "="):
            pieces.append(f"{text};")
        elif kind in (":", "_"):
            pieces.append(f"translate([==[{text}]==]);")
    return "\n".join(pieces)


def _asked(language: str, keywords: list[str], source: str) -> Iterator[str]:
    argv = ["xgettext", "--from-code=UTF-8", "--no-wrap", f"--language={language}", "-o", "-", "-"]
    argv += [f"--keyword={each}" for each in keywords]
    done = subprocess.run(argv, input=source, capture_output=True, text=True, check=True)
    for name in lmo.read_po(done.stdout):
        # The tools make one space of several, also of the end of a line.
        context, end, text = name.rpartition(lmo.CONTEXT_ENDS)
        yield context + end + " ".join(text.split())
