# SPDX-License-Identifier: GPL-2.0-or-later
"""A message between programs is a code with facts; its text is made from a table of templates.

A template names its facts in braces. How a fact is shown follows from its name and its kind:

    {wait_us}     a length of time in microseconds: "358 ms", "3.61 s"
    {left_s}      whole seconds: "42 s"
    {from}, {to}  a state, by its name
    a list        its items, with commas between
    a message     {"code": ..., "facts": {...}}, by the table for the fact's name; with semicolons between

The fact `suggestion` needs no place in a template: where it is there, the text ends with it. The pages of
LuCI do the same in their language (haven/message.js, luci/haven/message.lua), with the tables of
openwrt/catalogue.py.
"""

from haven.core.clock import SECOND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Facts = Mapping[str, Any]
    Table = Mapping[str, str]

# The names of the RFC; what a node or a group in Initialize with a fault is called is haven's own.
STATE_NAMES = {
    "initialize": "Initialize",
    "backup": "Backup",
    "active": "Active",
    "fault": "Fault",
    "maintenance": "Maintenance",
    "unknown": "Unknown",
}
STATE_FACTS = ("from", "to", "state")
SUGGESTION = "; did you mean '{suggestion}'?"
# What render() raises for facts that are not what a program of ours would send; what is nested too deep is a
# RuntimeError.
ODD_FACTS = (AttributeError, LookupError, OverflowError, RuntimeError, TypeError, ValueError)
DURATIONS = {"milliseconds": "%d ms", "seconds": "%.2f s", "whole_seconds": "%d s"}


def message(code: str, **facts: "Any") -> "dict[str, Any]":
    """Return a message to stand among the facts of another."""
    return {"code": code, "facts": facts}


def render(template: str, facts: "Facts", tables: "Mapping[str, Table]") -> str:
    """Return the text of a template; `tables` has the templates of inner messages by the name of the fact.

    Raises KeyError for a fact that is missing, and others of ODD_FACTS for one of another kind.
    """
    shown = {name: _shown(name, facts[name], tables) for name in facts}
    text = template.format(**shown)
    if "suggestion" in facts:
        text += SUGGESTION.format(**shown)
    # A sentence may begin with a fault, which elsewhere stands behind a colon.
    return text[:1].upper() + text[1:] if template.startswith("{fault}") else text


def _is_message(value: "Any") -> bool:
    return isinstance(value, dict) and isinstance(value.get("code"), str)


def _shown(name: str, value: "Any", tables: "Mapping[str, Table]") -> str:
    if isinstance(value, (list, tuple)):
        texts = [_shown(name, each, tables) for each in value]
        return ("; " if value and _is_message(value[0]) else ", ").join(texts)
    if _is_message(value):
        return _inner(value, tables.get(name, {}), tables)
    if value is None:
        return ""
    if name in STATE_FACTS:
        return STATE_NAMES.get(value, str(value))
    if name.endswith("_us"):
        return duration(value)
    return DURATIONS["whole_seconds"] % value if name.endswith("_s") else str(value)


def _inner(value: "dict[str, Any]", table: "Table", tables: "Mapping[str, Table]") -> str:
    if value["code"] in table:
        return render(table[value["code"]], value.get("facts", {}), tables)
    # Made by a program that knows more messages than we do: its own text.
    return str(value.get("text") or value.get("message") or value["code"])


def duration(microseconds: int) -> str:
    """Return a length of time as people write it."""
    if microseconds < SECOND:
        return DURATIONS["milliseconds"] % (microseconds // 1000)
    return DURATIONS["seconds"] % (microseconds / SECOND)
