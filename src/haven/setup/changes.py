# SPDX-License-Identifier: GPL-2.0-or-later
"""The difference between packages as they are and as they shall be, option by option."""

from typing import NamedTuple

from haven.config.passwords import is_secret
from haven.config.uci.document import UciSection
from haven.contract.hidden import HIDDEN
from haven.setup.packages import Packages


class UciChange(NamedTuple):
    """One value that comes (+) or goes (-); without an option it is the section itself, with its type."""

    sign: str
    package: str
    section: str
    option: str
    value: str

    def __str__(self) -> str:
        place = ".".join(part for part in (self.package, self.section, self.option) if part)
        return "%s %s=%s" % (self.sign, place, self.shown)

    @property
    def shown(self) -> str:
        """The value as a person may see it."""
        return HIDDEN if self.value and is_secret(self.option) else self.value


Entries = dict[str, list[str]]


def difference(before: Packages, after: Packages) -> list[UciChange]:
    """Return what has to change; the order of sections is not looked at, as setup never changes it."""
    found: list[UciChange] = []
    for name in after:
        old = before[name].sections if name in before else []
        found += _package_difference(name, _by_place(old), _by_place(after[name].sections))
    return found


def changed_packages(before: Packages, after: Packages) -> list[str]:
    """Return the packages that have to be written."""
    named = {change.package for change in difference(before, after)}
    return [name for name in after if name in named]


def place_of(section: UciSection) -> str:
    """Name a section as uci does."""
    return section.name or "@%s[%d]" % (section.type, section.index)


def _by_place(sections: list[UciSection]) -> dict[str, UciSection]:
    return {place_of(section): section for section in sections}


def _package_difference(
    package: str, before: dict[str, UciSection], after: dict[str, UciSection]
) -> list[UciChange]:
    found: list[UciChange] = []
    for place, section in before.items():
        if place not in after or after[place].type != section.type:
            found.append(UciChange("-", package, place, "", section.type))
    for place, section in after.items():
        old = before.get(place)
        if old is None or old.type != section.type:
            found.append(UciChange("+", package, place, "", section.type))
            old = None
        found += _section_difference(package, place, _entries(old), _entries(section))
    return found


def _entries(section: UciSection | None) -> Entries:
    found: Entries = {}
    for entry in section.entries if section is not None else []:
        # The last of two options counts, of a list every value.
        if entry.listed:
            found.setdefault(entry.name, []).append(entry.value)
        else:
            found[entry.name] = [entry.value]
    return found


def _section_difference(package: str, place: str, before: Entries, after: Entries) -> list[UciChange]:
    found = []
    for option in dict.fromkeys([*before, *after]):
        old, new = before.get(option, []), after.get(option, [])
        found += [UciChange("-", package, place, option, value) for value in old if value not in new]
        found += [UciChange("+", package, place, option, value) for value in new if value not in old]
    return found
