# SPDX-License-Identifier: GPL-2.0-or-later
"""What a replica remembers between looks, as one packed file."""

import os
from typing import Any

from haven.contract.fields import DocumentError, Field, check_object, mapping, text, whole
from haven.sync.encoding import (
    DotTable,
    is_writer,
    item_document,
    read_dots,
    read_item,
    read_knowledge,
    read_unit,
    unit_document,
)
from haven.sync.folders import is_file_value
from haven.sync.records import Unit
from haven.sync.shape import pack, unpack
from haven.sync.versions import Item, Knowledge, seen

# As often may a change be interrupted by a death of the router before it is not tried again.
MOST_TRIES = 2
_MOST_REFUSED = 32
_FIELDS = (
    Field("writer", text),
    Field("known", mapping),
    Field("refused", mapping),
    Field("changes", whole()),
)


class Memory:
    """Units by package and id, files by path, what is known of all writers, and what was not taken."""

    def __init__(self, writer: str) -> None:
        self.writer = writer
        self.known: Knowledge = {}
        self.units: dict[str, dict[str, Unit]] = {}
        self.files: dict[str, Item] = {}
        # How often each change was tried in vain, by its digest.
        self.refused: dict[str, int] = {}
        # How many changes there ever were.
        self.changes = 0

    def copy(self) -> "Memory":
        """Return one that can be changed by itself, as long as units are replaced and not written in."""
        other = Memory(self.writer)
        other.known = dict(self.known)
        other.units = {package: dict(units) for package, units in self.units.items()}
        other.files = dict(self.files)
        other.refused = dict(self.refused)
        other.changes = self.changes
        return other

    def refuse(self, digest: str, tries: int) -> None:
        """Note that a change was tried in vain."""
        self.refused.pop(digest, None)
        while len(self.refused) >= _MOST_REFUSED:
            del self.refused[next(iter(self.refused))]
        self.refused[digest] = tries

    def forget_removed(self, known: "list[Knowledge]") -> bool:
        """Forget what was removed and all of these know of; tell whether there was anything."""
        found = False
        for package, units in self.units.items():
            for id, unit in list(units.items()):
                left = {name: item for name, item in unit.options.items() if not _is_over(item, known)}
                if _is_over(unit.section, known):
                    del units[id]
                elif len(left) < len(unit.options):
                    units[id] = Unit(unit.section, unit.place, left)
                found = found or units.get(id) is not unit
            self.units[package] = units
        for path, item in list(self.files.items()):
            if _is_over(item, known):
                del self.files[path]
                found = True
        return found

    @property
    def number(self) -> int:
        """Return the number of this writer's last writing."""
        return self.known.get(self.writer, 0)

    def octets(self) -> bytes:
        """Return it as a file."""
        table = DotTable(private=True)
        units = [
            unit_document(package, id, unit, table)
            for package, found in self.units.items()
            for id, unit in found.items()
        ]
        files = {path: item_document(item, table) for path, item in self.files.items()}
        return pack(
            {
                "writer": self.writer,
                "known": self.known,
                "refused": self.refused,
                "changes": self.changes,
                "units": units,
                "files": files,
                "dots": table.document(),
            }
        )


def _is_over(item: Item, known: "list[Knowledge]") -> bool:
    dots = item.versions[0].dots
    gone = len(item.versions) == 1 and item.value is None
    return gone and all(seen(each, dot) for each in known for dot in dots)


def new_writer(node: str) -> str:
    """Return a name under which a router has not written before."""
    return "%s/%s" % (node, os.urandom(4).hex())


def read_memory(octets: bytes) -> Memory:
    """Return what was remembered. Raises ValueError when it is damaged."""
    try:
        return _read(check_object(unpack(octets), _FIELDS, "memory"))
    except (DocumentError, KeyError, TypeError) as why:
        raise ValueError(str(why)) from None


def _read(document: dict[str, Any]) -> Memory:
    memory = Memory(document["writer"])
    if not is_writer(memory.writer):
        raise ValueError("its writer has no name")
    memory.known = read_knowledge(document["known"], "known")
    memory.refused = {str(digest): int(tries) for digest, tries in document["refused"].items()}
    memory.changes = document["changes"]
    dots = read_dots(document["dots"], memory.known)
    for each in document["units"]:
        package, id, unit = read_unit(each, dots)
        memory.units.setdefault(package, {})[id] = unit
    for path, item in document["files"].items():
        memory.files[path] = read_item(item, dots, is_file_value, path)
    return memory
