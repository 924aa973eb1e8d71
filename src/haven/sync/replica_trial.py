# SPDX-License-Identifier: GPL-2.0-or-later
"""What was taken and is not yet to be kept for good: how it was before, so that it can be put back."""

from typing import Any

from haven.contract.fields import DocumentError, Field, check_object, list_of, mapping, text
from haven.sync.encoding import (
    DotTable,
    item_document,
    read_dots,
    read_item,
    read_knowledge,
    read_unit,
    unit_document,
)
from haven.sync.folders import is_file_value
from haven.sync.memory import Memory
from haven.sync.records import Unit
from haven.sync.shape import pack, unpack
from haven.sync.versions import Dot, Item, Knowledge, Version, seen

_FIELDS = (
    Field("writer", text),
    Field("known", mapping),
    Field("most", mapping),
    Field("digests", list_of(text)),
)


class ReplicaTrial:
    """The units and files that one or several changes touched, before the first and after the last."""

    def __init__(self, known: Knowledge, writer: str) -> None:
        self.known = known
        # Under which name this router writes meanwhile; a restart may bring another one.
        self.writer = writer
        self.digests: list[str] = []
        self.units: dict[tuple[str, str], tuple[Unit | None, Unit | None]] = {}
        self.files: dict[str, tuple[Item | None, Item | None]] = {}

    def add(self, digest: str, before: Memory, after: Memory) -> "ReplicaTrial":
        """Return the trial with one more change."""
        other = ReplicaTrial(self.known, self.writer)
        other.digests = [*self.digests, digest]
        other.units, other.files = dict(self.units), dict(self.files)
        for package in {**before.units, **after.units}:
            was, now = before.units.get(package, {}), after.units.get(package, {})
            for id in {**was, **now}:
                if was.get(id) is not now.get(id):
                    first = other.units.get((package, id), (was.get(id), None))[0]
                    other.units[package, id] = (first, now.get(id))
        for path in {**before.files, **after.files}:
            if before.files.get(path) != after.files.get(path):
                first_item = other.files.get(path, (before.files.get(path), None))[0]
                other.files[path] = (first_item, after.files.get(path))
        return other

    def put_back(self, memory: Memory) -> Memory:
        """Return what is remembered without the change; what was written here since stays."""
        after = memory.copy()
        own = (memory.writer, max(memory.number, 1))
        after.known = {**self.known, memory.writer: own[1]}
        if self.writer in memory.known:
            after.known[self.writer] = memory.known[self.writer]
        for (package, id), (was, now) in self.units.items():
            units = after.units.setdefault(package, {})
            back = _unit_back(units.get(id), was, now)
            if back is units.get(id) or (back is not was and back is not None):
                back = _within(back, after.known, own)
            if back is None:
                units.pop(id, None)
            else:
                units[id] = back
        for path, (item_was, item_now) in self.files.items():
            if after.files.get(path) == item_now:
                if item_was is None:
                    after.files.pop(path, None)
                else:
                    after.files[path] = item_was
            else:
                after.files[path] = _item_within(after.files[path], after.known, own)
        return after

    def octets(self, memory: Memory) -> bytes:
        """Return it as a file."""
        table = DotTable(private=True)
        units = [
            [*key, *(unit and unit_document(*key, unit, table) for unit in both)]
            for key, both in self.units.items()
        ]
        files = [
            [path, *(item and item_document(item, table) for item in both)]
            for path, both in self.files.items()
        ]
        document = {
            "known": self.known,
            "writer": self.writer,
            "most": memory.known,
            "digests": self.digests,
            "units": units,
        }
        return pack({**document, "files": files, "dots": table.document()})


def read_trial(octets: bytes) -> ReplicaTrial:
    """Return the trial. Raises ValueError when it is damaged."""
    try:
        document = check_object(unpack(octets), _FIELDS, "trial")
        return _read(document)
    except (DocumentError, KeyError, TypeError) as why:
        raise ValueError(str(why)) from None


def _read(document: dict[str, Any]) -> ReplicaTrial:
    trial = ReplicaTrial(read_knowledge(document["known"], "known"), document["writer"])
    trial.digests = document["digests"]
    dots = read_dots(document["dots"], read_knowledge(document["most"], "most"))
    for package, id, was, now in document["units"]:
        both = [None if each is None else read_unit(each, dots)[2] for each in (was, now)]
        trial.units[package, id] = (both[0], both[1])
    for path, was, now in document["files"]:
        items = [None if each is None else read_item(each, dots, is_file_value, path) for each in (was, now)]
        trial.files[path] = (items[0], items[1])
    return trial


def _unit_back(current: "Unit | None", was: "Unit | None", now: "Unit | None") -> "Unit | None":
    if current == now or current is None or now is None:
        return was
    if was is None:
        # It came by the change, and somebody here has gone on with it.
        return current
    options = dict(current.options)
    for name in {**was.options, **now.options}:
        if options.get(name) == now.options.get(name):
            options.pop(name, None)
            if name in was.options:
                options[name] = was.options[name]
    # What was written here since has written the section, too.
    place = was.place if current.place == now.place else current.place
    return Unit(current.section, place, options)


def _within(unit: "Unit | None", known: Knowledge, own: Dot) -> "Unit | None":
    """Return a unit that knows no more than this: what is kept of the change counts as written here."""
    if unit is None:
        return None
    options = {name: _item_within(item, known, own) for name, item in unit.options.items()}
    return Unit(_item_within(unit.section, known, own), _item_within(unit.place, known, own), options)


def _item_within(item: Item, known: Knowledge, own: Dot) -> Item:
    versions = []
    for at, each in enumerate(item.versions):
        dots = tuple(dot for dot in each.dots if seen(known, dot))
        if dots:
            versions.append(Version(each.value, dots))
        elif at == 0:
            versions.append(Version(each.value, (own,)))
    return Item(tuple(versions), item.held)
