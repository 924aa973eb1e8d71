# SPDX-License-Identifier: GPL-2.0-or-later
"""One section read against the option table: every value parsed, every mistake noted."""

from dataclasses import dataclass, field
from typing import Any

from haven.config.diagnostic import Diagnostic, near, quote, suggest
from haven.config.options import SECTIONS, Option, SectionType
from haven.config.uci.document import UciEntry, UciSection

# What other programs, and people who come from them, call our options.
_ELSEWHERE = {
    "virtual_router_id": "vrid",
    "advert_int": "advert_interval",
    "virtual_ipaddress": "address",
    "ipaddr": "address",
    "virtual_routes": "route",
    "use_vmac": "virtual_mac",
    "nopreempt": "preempt",
    "unicast_src_ip": "source_address",
    "authentication": "auth_pass",
    "ifname": "device",
}


@dataclass(slots=True)
class Diagnostics:
    """Collects the problems of one file."""

    file: str
    problems: list[Diagnostic] = field(default_factory=list)

    def add(self, section: UciSection, message: str, option: str | None = None, line: int = 0) -> None:
        """Note a problem at a line, or at the head of the section."""
        self.problems.append(Diagnostic(self.file, line or section.line, section.label, option, message))


@dataclass(frozen=True, slots=True)
class OptionValue:
    """One parsed value with the text and the line it came from."""

    value: Any
    text: str
    line: int


class SectionValues:
    """The parsed values of one section."""

    def __init__(self, section: UciSection, type: SectionType, complaints: Diagnostics) -> None:
        self.section = section
        self.type = type
        self._complaints = complaints
        self._items: dict[str, list[OptionValue]] = {}
        self._bad: set[str] = set()

    def complain(self, message: str, option: str | None = None, line: int = 0) -> None:
        """Note a problem; without a line it is that of the option's first value, or of the section."""
        if not line and option and self._items.get(option):
            line = self._items[option][0].line
        self._complaints.add(self.section, message, option, line)

    def refuse(self, message: str, option: str, line: int) -> None:
        """Note a wrong value; checks that depend on this option are then left out."""
        self._bad.add(option)
        self.complain(message, option, line)

    def keep(self, option: str, item: OptionValue) -> None:
        """Keep a good value."""
        self._items.setdefault(option, []).append(item)

    def given(self, option: str) -> bool:
        """Tell whether the option was written, well or badly."""
        return option in self._items or option in self._bad

    def sure(self, *options: str) -> bool:
        """Tell whether none of these options had a wrong value."""
        return not self._bad.intersection(options)

    def items(self, option: str) -> list[OptionValue]:
        """Give the good values of an option, without its default."""
        return self._items.get(option, [])

    def all(self, option: str) -> tuple[Any, ...]:
        """Give the good values of a list."""
        return tuple(item.value for item in self.items(option))

    def one(self, option: str) -> Any:
        """Give the value of an option, its default, or None."""
        items = self.items(option)
        if items:
            return items[0].value
        row = self.type.option(option)
        return row.kind.parse(row.default) if row and row.default else None


def read(section: UciSection, type: SectionType, complaints: Diagnostics) -> SectionValues:
    """Read a section against its row of the table."""
    values = SectionValues(section, type, complaints)
    for name in dict.fromkeys(entry.name for entry in section.entries):
        entries = [entry for entry in section.entries if entry.name == name]
        option = type.option(name)
        if option is None:
            values.complain(_unknown(name, type), name, entries[0].line)
        elif option.many:
            _read_list(values, option, entries)
        else:
            _read_one(values, option, entries)
    _check_presence(values)
    _check_only_with(values)
    return values


def _unknown(name: str, type: SectionType) -> str:
    known = type.option_names
    if _ELSEWHERE.get(name) in known:
        return f"is not known; here it is '{_ELSEWHERE[name]}'"
    if near(name, known):
        return "is not known" + suggest(name, known)
    for other in SECTIONS:
        meant = near(name, other.option_names)
        if meant == name:
            return f"is not known here; it belongs in a '{other.name}' section"
        if meant:
            return f"is not known; did you mean '{meant}' of a '{other.name}' section?"
    return "is not known"


def _read_one(values: SectionValues, option: Option, entries: list[UciEntry]) -> None:
    entry = entries[-1]
    if len(entries) > 1:
        lines = " and ".join(str(each.line) for each in entries)
        values.refuse(f"takes one value but has {len(entries)}, on lines {lines}", option.name, entry.line)
    elif entry.listed:
        values.refuse("takes one value: write 'option', not 'list'", option.name, entry.line)
    elif entry.value:
        # libuci does not store an empty option, so empty means not set.
        _parse(values, option, entry.value, entry.line)


def _read_list(values: SectionValues, option: Option, entries: list[UciEntry]) -> None:
    for entry in entries:
        if not entry.value and not entry.listed:
            continue
        # The rest of OpenWrt takes "option address 'a b'" for a list of two.
        split = option.kind.spaceless and not entry.listed
        for text in entry.value.split() if split else [entry.value]:
            _parse(values, option, text, entry.line)


def _parse(values: SectionValues, option: Option, text: str, line: int) -> None:
    try:
        value = option.kind.parse(text)
    except ValueError as why:
        values.refuse(str(why), option.name, line)
        return
    if any(item.value == value for item in values.items(option.name)):
        values.refuse(f"{quote(text)} stands here twice", option.name, line)
        return
    values.keep(option.name, OptionValue(value, text, line))


def _check_presence(values: SectionValues) -> None:
    # A section that is switched off may be unfinished.
    if values.type.option("enabled") and not values.one("enabled"):
        return
    for option in values.type.options:
        if option.required and not values.given(option.name):
            values.complain("is missing", option.name)
    names = values.type.one_of
    given = [name for name in names if values.given(name)]
    if names and not given:
        values.complain("needs " + " or ".join(f"'{name}'" for name in names))
    if len(given) > 1:
        values.complain("has both " + " and ".join(f"'{name}'" for name in names) + "; keep one of them")


def _check_only_with(values: SectionValues) -> None:
    for option in values.type.options:
        if option.only_with is None or not values.given(option.name) or not values.sure(option.only_with[0]):
            continue
        name, wanted = option.only_with
        actual = values.one(name)
        if actual != wanted:
            values.complain(f"works with {name} {wanted} only; here it is {name} {actual}", option.name)
