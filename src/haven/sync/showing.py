# SPDX-License-Identifier: GPL-2.0-or-later
"""What people are shown of the common configuration: paths as uci has them, and values without secrets."""

from collections.abc import Iterable
from typing import Any

from haven.config.passwords import is_secret
from haven.contract.hidden import HIDDEN
from haven.sync.history import HEAD, PLACE, Row
from haven.sync.memory import Memory
from haven.sync.records import Unit
from haven.sync.versions import Item

Order = dict[str, list[tuple[str, str]]]
# What kinds of things there are.
OPTION, SECTION, ORDER, FILE = "option", "section", "place", "file"


class Paths:
    """Names sections by where they stand in the files: firewall.@rule[3]; by their mark if not there."""

    def __init__(self, order: Order) -> None:
        self._places: dict[tuple[str, str], str] = {}
        for package, sections in order.items():
            counts: dict[str, int] = {}
            for id, type in sections:
                number = counts.get(type, 0)
                counts[type] = number + 1
                self._places[package, id] = "@%s[%d]" % (type, number) if id[0] == "@" else id

    def path(self, package: str, id: str, option: str = "") -> str:
        """Return the path of a section, of an option, or of a file."""
        if not package:
            return id
        section = self._places.get((package, id), id)
        return ".".join([package, section, option] if option not in (HEAD, PLACE) else [package, section])

    def path_now(self, package: str, id: str, option: str, then: str) -> str:
        """Return where something of a change stands now, or where it stood then if it is gone."""
        return self.path(package, id, option) if (package, id) in self._places else then


def kind_of(package: str, option: str) -> str:
    """Return what kind of thing a row is about."""
    if not package:
        return FILE
    return {HEAD: SECTION, PLACE: ORDER}.get(option, OPTION)


def shown_value(package: str, option: str, value: Any) -> Any:
    """Return a value for people: a text, a list of texts, or None for nothing there."""
    if value is None:
        return None
    if not package:
        return "%d octets, mode %03o, SHA-256 %s" % (value[2], value[0], value[1][:16])
    if option == HEAD:
        return value[0]
    if is_secret(option.partition("@")[0]):
        return HIDDEN
    return value


def conflicts(memory: Memory, paths: Paths) -> list[dict[str, Any]]:
    """Return what somebody has to decide on."""
    found = []
    for package, id, option, item in conflict_items(memory):
        values = [
            {
                "nodes": each.nodes,
                "value": shown_value(package, option, each.value),
                "here": at == 0 and item.held,
            }
            for at, each in enumerate(item.versions)
        ]
        path = paths.path(package, id, option)
        found.append({"path": path, "kind": kind_of(package, option), "values": values})
    return sorted(found, key=lambda each: (each["path"], each["kind"]))


def conflict_items(memory: Memory) -> "Iterable[tuple[str, str, str, Item]]":
    """Return package, id, option and item of each conflict."""
    for package, units in memory.units.items():
        for id, unit in units.items():
            for option, item in unit_items(unit):
                if item.conflict and "@" not in option:
                    yield package, id, option, item
    for path, item in memory.files.items():
        if item.conflict:
            yield "", path, "", item


def unit_items(unit: Unit) -> "list[tuple[str, Item]]":
    """Return each item of a section by its option, HEAD or PLACE."""
    if unit.section.conflict or not unit.lives:
        return [(HEAD, unit.section)]
    return [(HEAD, unit.section), (PLACE, unit.place), *unit.options.items()]


def shown_rows(rows: "list[Row]", paths: Paths) -> list[dict[str, Any]]:
    """Return rows of the history for people; a place of what was removed goes without saying."""
    return [
        {
            "path": paths.path_now(package, id, option, path),
            "kind": kind_of(package, option),
            "was": shown_value(package, option, was),
            "now": shown_value(package, option, now),
        }
        for package, id, option, was, now, path in rows
        if option != PLACE or now is not None
    ]


def is_below(path: str, above: str) -> bool:
    """Tell whether a path is another one, or within it; everything is within ''."""
    return not above or path == above or path.startswith((above + ".", above.rstrip("/") + "/"))
