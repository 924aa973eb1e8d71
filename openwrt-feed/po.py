#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Write po/templates/haven.pot anew, and bring every translation in line with it.

    python3 openwrt-feed/po.py

What the pages show comes from their scripts, from the menu and from the names of the rights; from the table
of options and from the contract between the programs comes what these say. A translation keeps what it has;
what is new in it is empty, and what nobody says any more goes.

What only the programs say stands in luci-app-haven/words.js once more, as LuCI's tools collect it: they read
scripts and see literals alone.
"""

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from lmo import CONTEXT_ENDS, named, quoted, read_po

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = ROOT / "po/templates/haven.pot"
WORDS = ROOT / "openwrt-feed/luci-app-haven/words.js"
sys.path.insert(0, str(ROOT / "src"))

from haven.config.schema import schema  # noqa: E402
from haven.openwrt.catalogue import texts  # noqa: E402

JAVASCRIPT = """// SPDX-License-Identifier: GPL-2.0-or-later
// What the programs of haven say, for the tools that collect what is to be translated; nothing runs it, and
// `make po` writes it.
%s
"""
HEADER = "Content-Type: text/plain; charset=UTF-8\n"
_IN_SCRIPTS = re.compile(r"\b_\((?P<text>'(?:[^'\\\n]|\\.)*')(?:, '(?P<context>\w+)')?\)")
_IN_LUA = re.compile(
    r"\b(?:translatef?|_)\(\s*"
    r'(?P<text>"(?:[^"\\\n]|\\.)*"(?:\s*\.\.\s*"(?:[^"\\\n]|\\.)*")*)'
    r'(?:, "(?P<context>haven)"\))?'
)
_IN_TEMPLATES = re.compile(r"<%:(?P<text>.*?)%>")
# Of the words that LuCI's own catalogues have, too, with another sense.
OWN = "haven"

Found = dict[str, list[str]]


def strings() -> Found:
    """Return every string that is shown, in order, with the places it comes from."""
    found: Found = {}
    for place, text in [*_of_sources(), *_of_json(), *_of_schema(), *_of_contract()]:
        places = found.setdefault(" ".join(text.split()), [])
        if text and place not in places:
            places.append(place)
    found.pop("", None)
    return found


def _of_sources() -> Iterator[tuple[str, str]]:
    for folder, suffix, shape in (
        ("files/www", ".js", _IN_SCRIPTS),
        ("luasrc", ".lua", _IN_LUA),
        ("luasrc", ".htm", _IN_TEMPLATES),
        ("luasrc", ".htm", _IN_LUA),
    ):
        for path in sorted((ROOT / folder).rglob(f"*{suffix}")):
            for found in shape.finditer(path.read_text()):
                yield str(path.relative_to(ROOT)), _named(found.groupdict())


def _named(found: dict[str, str | None]) -> str:
    literal = found["text"] or ""
    text = _joined(literal) if literal[:1] in ("'", '"') else literal
    return named(text, found.get("context") or "")


# What brings menus and rights.
BROUGHT = ("files", "openwrt-feed/luci-app-haven/root")


def _joined(literal: str) -> str:
    """Read a string of a script; Lua joins two by dots."""
    return ast.literal_eval("(%s)" % re.sub(r'"\s*\.\.\s*"', '" "', literal))


def _of_json() -> Iterator[tuple[str, str]]:
    for folder, key in (("luci/menu.d", "title"), ("rpcd/acl.d", "description")):
        for brought in BROUGHT:
            for path in sorted((ROOT / brought / "usr/share" / folder).glob("*.json")):
                for entry in json.loads(path.read_text()).values():
                    yield str(path.relative_to(ROOT)), entry[key]


def _of_schema() -> Iterator[tuple[str, str]]:
    place = "haven.config.schema"
    for section in schema()["sections"]:
        yield place, section["title"]
        yield place, section["help"]
        for option in section["options"]:
            yield place, option["title"]
            yield place, option["help"]
            yield place, option["default_says"]
            # Of numbers and flags the page itself says what is allowed.
            if option["kind"] not in ("whole", "flag"):
                yield place, option["values"]


def _of_contract() -> Iterator[tuple[str, str]]:
    for table, rows in texts().items():
        for text in rows.values():
            # What is nothing but a fact is the same in every language.
            if not re.fullmatch(r"\{\w+\}", text):
                yield f"haven.openwrt.catalogue: {table}", named(text, OWN if table == "states" else "")


def words() -> str:
    """Return the script with every text that is in a table of the programs."""
    texts = dict.fromkeys(" ".join(text.split()) for _place, text in [*_of_schema(), *_of_contract()])
    return JAVASCRIPT % "\n".join(_literal(text) for text in texts if text)


def _literal(text: str) -> str:
    context, _end, said = text.rpartition(CONTEXT_ENDS)
    return "_(%s);" % ", ".join(json.dumps(each, ensure_ascii=False) for each in (said, context) if each)


def catalogue(found: Found, known: dict[str, str], header: str) -> str:
    """Write a catalogue of all strings with the translations that are known."""
    lines = ['msgid ""', 'msgstr ""', *(quoted(line + "\n") for line in header.splitlines())]
    for text, places in found.items():
        lines += ["", *(f"#: {place}" for place in places)]
        context, _end, said = text.rpartition(CONTEXT_ENDS)
        lines += [f"msgctxt {quoted(context)}"] if context else []
        lines += [f"msgid {quoted(said)}", f"msgstr {quoted(known.get(text, ''))}"]
    return "\n".join(lines) + "\n"


def template() -> str:
    """Return the template, which has every string and no translation."""
    return catalogue(strings(), {}, HEADER)


def main() -> int:
    """Write the template, the script and the translations."""
    found = strings()
    TEMPLATE.parent.mkdir(parents=True, exist_ok=True)
    TEMPLATE.write_text(template())
    WORDS.write_text(words())
    for path in sorted((ROOT / "po").glob("*/haven.po")):
        known = read_po(path.read_text())
        path.write_text(catalogue(found, known, known[""]))
        print(f"{path.relative_to(ROOT)}: {sum(not known.get(text) for text in found)} not translated")
    return 0


if __name__ == "__main__":
    sys.exit(main())
