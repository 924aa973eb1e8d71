# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the option table as JSON, for pages that are drawn from it: python -m haven.config.schema [FILE]."""

import json
import sys

from haven.config.options import SECTIONS, Option, SectionType
from haven.config.options.kinds import Whole
from haven.config.options.option import option_text
from haven.config.output import write

VERSION = 1
_SHORT_FORMS = ("bfd", "dhcp", "dns", "mac", "mtu", "ra", "vrid")


def schema() -> dict[str, object]:
    """Give the whole table as plain values."""
    return {"version": VERSION, "package": "haven", "sections": [_section(section) for section in SECTIONS]}


def schema_text() -> str:
    """Give the table as JSON text."""
    return json.dumps(schema(), separators=(",", ":")) + "\n"


def _section(section: SectionType) -> dict[str, object]:
    return {
        "type": section.name,
        "title": section.title,
        "help": section.help.replace("`", ""),
        "named": section.named,
        "single": section.single,
        "one_of": list(section.one_of),
        "options": [_option(option) for option in section.options],
    }


def _option(option: Option) -> dict[str, object]:
    kind = option.kind
    row: dict[str, object] = {
        "name": option.name,
        "title": option.title or _title(option.name),
        "group": option.group,
        "kind": kind.name,
        "datatype": kind.datatype,
        "values": kind.values.replace("`", ""),
        "choices": list(kind.choices),
        "list": option.many,
        "required": option.required,
        "default": option.default or None,
        "default_says": option.default_says.replace("`", ""),
        "unit": option.unit,
        "only_with": _condition(option),
        "help": option.help.replace("`", ""),
    }
    if isinstance(kind, Whole):
        row.update(low=kind.low, high=kind.high, step=kind.step)
    return row


def _title(name: str) -> str:
    words = [word.upper() if word in _SHORT_FORMS else word for word in name.split("_")]
    return " ".join([words[0][0].upper() + words[0][1:], *words[1:]])


def _condition(option: Option) -> list[str] | None:
    if option.only_with is None:
        return None
    name, value = option.only_with
    return [name, option_text(value)]


if __name__ == "__main__":
    sys.exit(write("haven.config.schema", schema_text(), sys.argv[1:]))
