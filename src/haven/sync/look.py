# SPDX-License-Identifier: GPL-2.0-or-later
"""One look at a package: what of its file is otherwise than at the last look was written here."""

from collections.abc import Callable

from haven.config.uci.package import PackageSection, Value
from haven.sync.recognition import Known, recognise
from haven.sync.records import Unit, gone
from haven.sync.section_places import FOUND, LONGEST_PLACE, place_between, places_between, standing
from haven.sync.sharing import Sharing
from haven.sync.table import SHARED
from haven.sync.versions import Dot, Item, Version, written

Units = dict[str, Unit]


class PackageLook:
    """Compares the sections of a file with the units of the last look, and brings these up to date.

    `ids` are those of the sections in the file, in order; what is local is not in `units`. `dot` gives the
    dot of this look's writings, the same each time.
    """

    def __init__(
        self, package: str, sections: "list[PackageSection]", units: Units, sharing: Sharing, node: str
    ) -> None:
        self.package = package
        self.sections = sections
        self.units = units
        self.ids = identify(package, sections, units, sharing)
        self._sharing = sharing
        self._node = node

    def update(self, dot: "Callable[[], Dot]") -> Units:
        """Return the units that changed, as they were before; None stands for one that is new."""
        self._dot = dot
        self._before: dict[str, Unit | None] = {}
        present = {}
        for id, section in zip(self.ids, self.sections, strict=True):
            if self._sharing.section(self.package, section.type, section.name):
                present[id] = section
        self._remove_others(present)
        new = [id for id in present if id not in self.units or not self.units[id].present]
        for id, section in present.items():
            self._update_unit(id, section)
        self._update_order(present, new)
        return self._before  # type: ignore[return-value]

    def _changing(self, id: str) -> Unit:
        """Return a unit that may be changed, having kept what it was."""
        if id not in self._before:
            before = self.units.get(id)
            self._before[id] = before
            if before is not None:
                self.units[id] = before.copy()
        return self.units[id]

    def _remove_others(self, present: "dict[str, PackageSection]") -> None:
        for id, unit in list(self.units.items()):
            if id in present or not unit.section.held:
                continue
            if not self._sharing.section(self.package, unit.type, unit.name):
                # The user has made it local: what there is to know of it is only passed on.
                self._changing(id).section = Item(unit.section.versions, held=False)
            elif unit.present:
                self._changing(id)
                self.units[id] = gone(unit, self._dot())

    def _update_unit(self, id: str, section: PackageSection) -> None:
        unit = self.units.get(id)
        head = [section.type, section.name]
        if unit is None:
            self._before[id] = None
            self.units[id] = Unit(
                Item((Version(head, (self._dot(),)),)), Item((Version("", (self._dot(),)),))
            )
        elif not unit.section.held:
            self._changing(id).section = claimed(unit.section, head, self._dot)
        elif unit.section.value != head:
            unit = self._changing(id)
            if not unit.lives:
                # Who makes it anew has removed what was in it.
                unit.options = {name: Item(item.versions[:1]) for name, item in unit.options.items()}
            unit.section = written(unit.section, head, self._dot())
        self._update_options(id, section)

    def _update_options(self, id: str, section: PackageSection) -> None:
        unit = self.units[id]
        for name in {**section.options, **unit.options}:
            if "@" in name:
                continue
            row = self._sharing.option(self.package, section.type, section.name, name)
            value = section.options.get(name)
            if row.kind == SHARED:
                self._update_option(id, name, value)
            elif name in unit.options and unit.options[name].held:
                self._changing(id).options[name] = Item(unit.options[name].versions, held=False)
            if row.told:
                self._update_option(id, "%s@%s" % (name, self._node), value)

    def _update_option(self, id: str, name: str, value: "Value | None") -> None:
        item = self.units[id].options.get(name)
        if value is None and (item is None or not item.held):
            # What the others have and is to be taken yet is not refused by its absence.
            return
        if item is not None and item.held and item.value == value:
            return
        unit = self._changing(id)
        if item is not None and not item.held and "@" not in name:
            unit.options[name] = claimed(item, value, self._dot)
        else:
            unit.options[name] = written(item, value, self._dot())
        unit.touch(self._dot())

    def _update_order(self, present: "dict[str, PackageSection]", new: "list[str]") -> None:
        rows: dict[str, list[str]] = {}
        for id, section in present.items():
            rows.setdefault(section.type, []).append(id)
        fresh = set(new)
        for row in rows.values():
            self._place_row(row, fresh)

    def _place_row(self, row: "list[str]", fresh: "set[str]") -> None:
        """Give places to what is new or was moved, between those that stand."""
        old = [id for id in row if id not in fresh]
        keys = [place_key(id, self.units[id]) for id in old]
        stays = {id for id, stands in zip(old, standing_keys(keys), strict=True) if stands}
        at = 0
        while at < len(row):
            end = at
            while end < len(row) and row[end] not in stays:
                end += 1
            if end > at:
                before = self.units[row[at - 1]].where if at else ""
                after = self.units[row[end]].where if end < len(row) else ""
                self._place(row[at:end], before, after, fresh)
            at = end + 1

    def _place(self, ids: "list[str]", before: str, after: str, fresh: "set[str]") -> None:
        found = (
            [place_between(before, after, ids[0])] if len(ids) == 1 else places_between(before, after, ids)
        )
        for id, place in zip(ids, found, strict=True):
            unit = self._changing(id)
            if len(place) > LONGEST_PLACE:
                raise ValueError("no room between two places")
            unit.place = written(unit.place, place + FOUND if id in fresh else place, self._dot())
            unit.touch(self._dot())


def claimed(item: Item, value: object, dot: "Callable[[], Dot]") -> Item:
    """Return an item that begins to be held: what is here was written without knowing the others'."""
    same = [each for each in item.versions if each.value == value]
    if same:
        return Item((*same, *(each for each in item.versions if each.value != value)))
    return Item((Version(value, (dot(),)), *item.versions))


def identify(package: str, sections: "list[PackageSection]", units: Units, sharing: Sharing) -> list[str]:
    """Return which unit each section of a file is."""
    known = [
        Known(id, unit.type, held_options(unit))
        for id, unit in in_order(units)
        if unit.present and id[0] == "@"
    ]
    found = []
    for each in sections:
        shared = {
            name: value
            for name, value in each.options.items()
            if sharing.option(package, each.type, each.name, name).kind == SHARED
        }
        found.append((each, shared))
    return recognise(package, known, found, {id for id, unit in units.items() if unit.present})


def held_options(unit: Unit) -> "dict[str, Value]":
    """Return the shared options that the file has."""
    return {
        name: item.value
        for name, item in unit.options.items()
        if item.held and item.value is not None and "@" not in name
    }


def place_key(id: str, unit: Unit) -> "tuple[str, str]":
    """Return what units of one type are ordered by."""
    return (unit.where, id)


def in_order(units: Units) -> "list[tuple[str, Unit]]":
    """Return units by their places."""
    return sorted(units.items(), key=lambda each: place_key(*each))


def standing_keys(keys: "list[tuple[str, str]]") -> list[bool]:
    """Return which of these are in order."""
    return standing(["%s %s" % key for key in keys])
