# SPDX-License-Identifier: GPL-2.0-or-later
"""The sections of a file as the merged units want them; what is local stays as it is."""

from collections import Counter

from haven.config.uci.package import PackageSection, Value
from haven.sync.look import Units, place_key
from haven.sync.records import Unit
from haven.sync.sharing import Sharing
from haven.sync.table import MIRRORED, PACKAGES, SHARED, Row
from haven.sync.versions import Item


class Composer:
    """Makes the sections of one package from those in its file, whose ids are given, and from its units."""

    def __init__(self, package: str, sharing: Sharing, node: str) -> None:
        self._package = package
        self._sharing = sharing
        self._node = node

    def compose(
        self, sections: "list[PackageSection]", ids: "list[str]", units: Units
    ) -> list[PackageSection]:
        """Return the sections of the file; the units are marked as held where the file has them now."""
        self.mark(units)
        self._before = list(zip(ids, sections, strict=True))
        rows = []
        for id, section in self._before:
            unit = units.get(id)
            if unit is None or not unit.section.held:
                if not self._sharing.section(self._package, section.type, section.name):
                    rows.append((id, section))
            elif unit.present:
                rows.append((id, self._changed(section, unit)))
        there = {id for id, _section in rows}
        for id, unit in sorted(units.items(), key=lambda each: place_key(*each)):
            if unit.present and id not in there:
                rows.append((id, self._changed(PackageSection(unit.type, unit.name), unit, new=True)))
        return [section for _id, section in _ordered(rows, units, there)]

    def mark(self, units: Units) -> None:
        """Note which of the units the file has, or is about to."""
        for id, unit in units.items():
            section = _holding(unit.section, self._holds(unit))
            there = section.held and section.value is not None
            options = {
                name: _holding(item, there and ("@" in name or self._row(unit, name).kind == SHARED))
                for name, item in unit.options.items()
            }
            if section is not unit.section or any(
                options[name] is not unit.options[name] for name in options
            ):
                units[id] = Unit(section, unit.place, options)

    def _holds(self, unit: Unit) -> bool:
        return not unit.type or self._sharing.section(self._package, unit.type, unit.name)

    def _row(self, unit: Unit, option: str) -> Row:
        return self._sharing.option(self._package, unit.type, unit.name, option)

    def _changed(self, section: PackageSection, unit: Unit, new: bool = False) -> PackageSection:
        options: dict[str, Value] = {}
        for name, value in section.options.items():
            if self._row(unit, name).kind != SHARED:
                options[name] = value
            elif name in unit.options and unit.options[name].value is not None:
                options[name] = unit.options[name].value
        for name, item in unit.options.items():
            if "@" not in name and item.held and item.value is not None:
                options.setdefault(name, item.value)
        if new:
            self._begin(options, unit)
        self._mirror(options, unit)
        return PackageSection(unit.type, unit.name, options)

    def _begin(self, options: "dict[str, Value]", unit: Unit) -> None:
        """Give a section that is new here the local options that it cannot do without."""
        for row in PACKAGES.get(self._package, ()):
            for name in row.options:
                if row.first and self._row(unit, name) is row:
                    value = self._told(unit, name)[:1] if row.first == "theirs" else self._usual(unit, name)
                    if value:
                        options[name] = value[0]

    def _mirror(self, options: "dict[str, Value]", unit: Unit) -> None:
        for row in PACKAGES.get(self._package, ()):
            for name in row.options:
                if row.kind == MIRRORED and self._row(unit, name) is row:
                    told = [each for each in self._told(unit, row.of) if isinstance(each, str)]
                    had = options.get(name)
                    before = had if isinstance(had, list) else [had or ""]
                    # Of those who have not told yet nothing is known: one of several is not to be left out.
                    if not set(told) <= set(before):
                        options[name] = told

    def _told(self, unit: Unit, option: str) -> "list[Value]":
        """Return what the other routers tell of an option of theirs, by their names."""
        found = []
        for name in sorted(unit.options):
            what, at, node = name.partition("@")
            if what == option and at and node != self._node and unit.options[name].value is not None:
                found.append(unit.options[name].value)
        return found

    def _usual(self, unit: Unit, option: str) -> "list[Value]":
        """Return what most sections of this type have here, those of its own group first."""
        same = [section for _id, section in self._before if section.type == unit.type]
        group = unit.options["group"].value if "group" in unit.options else None
        for row in ([each for each in same if group and each.options.get("group") == group], same):
            values = Counter(str(each.options[option]) for each in row if option in each.options)
            if values:
                return [values.most_common(1)[0][0]]
        return []


def _holding(item: Item, held: bool) -> Item:
    return item if item.held == held else Item(item.versions, held)


def _ordered(
    rows: "list[tuple[str, PackageSection]]", units: Units, there: "set[str]"
) -> "list[tuple[str, PackageSection]]":
    """Return the sections with those of each type in the order of their places, the new ones among them."""
    wanted: dict[str, list[tuple[str, PackageSection]]] = {}
    for id, section in rows:
        if id in units and units[id].present:
            wanted.setdefault(section.type, []).append((id, section))
    for row in wanted.values():
        row.sort(key=lambda each: place_key(each[0], units[each[0]]))
    staying = {type: iter([each for each in row if each[0] in there]) for type, row in wanted.items()}
    found: list[tuple[str, PackageSection]] = []
    for id, section in rows:
        if id not in units or not units[id].present:
            found.append((id, section))
        elif id in there:
            found.append(next(staying[section.type]))
    return _with_new(
        found, [row for row in wanted.values() if any(each[0] not in there for each in row)], there
    )


def _with_new(
    found: "list[tuple[str, PackageSection]]",
    rows: "list[list[tuple[str, PackageSection]]]",
    there: "set[str]",
) -> "list[tuple[str, PackageSection]]":
    behind: dict[str, list[tuple[str, PackageSection]]] = {}
    before: dict[str, list[tuple[str, PackageSection]]] = {}
    end: list[tuple[str, PackageSection]] = []
    for row in rows:
        last, first = "", next((id for id, _section in row if id in there), "")
        for each in row:
            if each[0] in there:
                last = each[0]
            elif last:
                behind.setdefault(last, []).append(each)
            elif first:
                before.setdefault(first, []).append(each)
            else:
                end.append(each)
    result = []
    for each in found:
        result += [*before.get(each[0], []), each, *behind.get(each[0], [])]
    return result + end
