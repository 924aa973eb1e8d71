# SPDX-License-Identifier: GPL-2.0-or-later
"""What one replica tells another, and what becomes of it there."""

from collections.abc import Callable

from haven.sync.change_documents import ChangeSet, SyncError
from haven.sync.memory import Memory
from haven.sync.records import merged_units
from haven.sync.versions import Item, Knowledge, joined, merged, seen


def merge(memory: Memory, exchange: ChangeSet) -> "tuple[Memory, set[str], set[str]]":
    """Return what is known with what was told, and the packages and files that this is about."""
    after = memory.copy()
    packages, files = set(), set()
    for (package, id), theirs in exchange.units.items():
        units = after.units.setdefault(package, {})
        ours = units.get(id)
        unit = merged_units(ours, theirs, memory.known, exchange.known)
        if unit is None:
            units.pop(id, None)
        elif unit != ours:
            units[id] = unit
            packages.add(package)
    for path, item in exchange.files.items():
        both = merged(after.files.get(path), item, memory.known, exchange.known)
        if both is not None and both != after.files.get(path):
            after.files[path] = both
            files.add(path)
    after.known = joined(memory.known, exchange.known)
    return after, packages, files


def change_set_for(
    memory: Memory, node: str, known: Knowledge, content: "Callable[[str], bytes | None]"
) -> ChangeSet:
    """Return all that a replica which knows so much lacks. Raises SyncError for a file that just changed."""
    exchange = ChangeSet(node, {writer: number for writer, number in known.items() if number}, memory.known)
    for package, units in memory.units.items():
        for id, unit in units.items():
            # Whatever was written in a section, the section itself was written with it.
            if _has_unseen(unit.section, known):
                exchange.units[package, id] = unit
    for path, item in memory.files.items():
        if _has_unseen(item, known):
            exchange.files[path] = item
            for each in item.versions:
                if each.value is not None:
                    octets = content(each.value[1])
                    if octets is None:
                        raise SyncError("package-busy", path=path)
                    exchange.blobs[each.value[1]] = octets
    return exchange


def _has_unseen(item: Item, known: Knowledge) -> bool:
    return any(not seen(known, dot) for each in item.versions for dot in each.dots)
