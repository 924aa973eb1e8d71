# SPDX-License-Identifier: GPL-2.0-or-later
"""What people decide: whose version of a conflict it is to be, and what is to be as it was."""

from collections.abc import Callable
from typing import Any

from haven.sync.change_documents import SyncError
from haven.sync.history import HEAD, PLACE, History, Row, unit_content
from haven.sync.look import Units
from haven.sync.memory import Memory
from haven.sync.records import Unit, gone, with_hold
from haven.sync.section_places import place_between
from haven.sync.showing import Paths, conflict_items, is_below
from haven.sync.versions import Dot, Item, Version, written

Changed = tuple[Memory, set[str], set[str]]


def taken(memory: Memory, node: str, path: str, own_node: str, paths: Paths) -> Changed:
    """Return what is known after conflicts were decided for a router's versions, with packages and files.

    Raises SyncError when there are none.
    """
    after, dot = _written_by(memory)
    packages, files = set(), set()
    for package, id, option, item in conflict_items(memory):
        version = _version_of(item, node, own_node)
        if version is None or not is_below(paths.path(package, id, option), path):
            continue
        if package:
            _settle(after.units[package], id, option, version, dot)
            packages.add(package)
        else:
            after.files[id] = Item((Version(version.value, (dot,)),), item.held)
            files.add(id)
    if not packages and not files:
        raise SyncError("conflict-missing", path=path or "*", node=node)
    return after, packages, files


def undone(memory: Memory, history: History, number: int, kept: "Callable[[str], bool]") -> Changed:
    """Return what is known after a change was undone, where what it had set is still so. Raises SyncError."""
    entry = history.find(number)
    if entry is None:
        raise SyncError("history-missing", number=number)
    if not entry["kept"]:
        raise SyncError("history-not-kept", number=number)
    after, dot = _written_by(memory)
    packages, files = set(), set()
    for package, id, rows in _by_unit(entry["rows"]):
        if package and _unit_undone(after.units.setdefault(package, {}), id, rows, dot):
            packages.add(package)
        if not package and _is_still(after.files.get(id), rows[0]):
            was = rows[0][3]
            if was is not None and not kept(was[1]):
                raise SyncError("history-not-kept", number=number)
            after.files[id] = written(after.files.get(id), was, dot)
            files.add(id)
    if not packages and not files:
        raise SyncError("history-since", number=number)
    return after, packages, files


def _written_by(memory: Memory) -> "tuple[Memory, Dot]":
    after = memory.copy()
    dot = (memory.writer, memory.number + 1)
    after.known[memory.writer] = dot[1]
    return after, dot


def _version_of(item: Item, node: str, own_node: str) -> "Version | None":
    for each in item.versions:
        if node in each.nodes:
            return each
    return item.versions[0] if node == own_node and item.held else None


def _settle(units: Units, id: str, option: str, version: Version, dot: Dot) -> None:
    unit = units[id] = units[id].copy()
    settled = Item((Version(version.value, (dot,)),))
    if option == HEAD:
        unit.section = settled
        if version.value is None:
            unit.options = with_hold(unit.options, False)
        return
    if option == PLACE:
        unit.place = settled
    else:
        unit.options[option] = settled
    unit.touch(dot)


def _by_unit(rows: "list[Row]") -> "list[tuple[str, str, list[Row]]]":
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row[0], row[1]), []).append(row)
    return [(package, id, rows) for (package, id), rows in found.items()]


def _is_still(item: "Item | None", row: Row) -> bool:
    return bool((item.value if item is not None and item.held else None) == row[4])


def _unit_undone(units: Units, id: str, rows: "list[Row]", dot: Dot) -> bool:
    """Set a section back; tell whether there was anything to set."""
    content = unit_content(units.get(id))
    still = {row[2]: row[3] for row in rows if content.get(row[2]) == row[4]}
    if not still:
        return False
    unit = units[id] = units[id].copy() if id in units else _anew(units, id, still[HEAD], dot)
    if HEAD in still and still[HEAD] is None:
        units[id] = gone(unit, dot)
        return True
    if HEAD in still:
        if not unit.lives:
            unit.options = with_hold(unit.options, True)
        unit.section = written(unit.section, still[HEAD], dot)
    if HEAD not in content and HEAD not in still:
        return False
    _options_undone(unit, still, dot)
    return True


def _options_undone(unit: Unit, still: "dict[str, Any]", dot: Dot) -> None:
    for option, was in still.items():
        if option == PLACE and was is not None:
            unit.place = written(unit.place, was, dot)
        elif option not in (HEAD, PLACE):
            unit.options[option] = written(unit.options.get(option), was, dot)
    unit.touch(dot)


def _anew(units: Units, id: str, head: "list[str]", dot: Dot) -> Unit:
    """Return a section that was removed and forgotten, behind all others of its type."""
    last = max((unit.where for unit in units.values() if unit.type == head[0]), default="")
    place = place_between(last, "", id)
    return Unit(Item((Version(None, (dot,)),)), Item((Version(place, (dot,)),)))
