# SPDX-License-Identifier: GPL-2.0-or-later
"""One section read against the option table: every value parsed, every mistake noted."""

from dataclasses import dataclass, field
from typing import Any

from haven.config.options import SECTIONS, Option, SectionType
from haven.config.options.kinds import BadValue
from haven.config.spelling import near, suggestion, visible
from haven.config.told_problem import told_problem
from haven.config.uci.document import UciEntry, UciSection
from haven.contract.diagnostics import Diagnostic

# Nobody reads more of them, and each is a hundred times as large as what it is about.
_MOST_PROBLEMS = 1000

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


@dataclass
class Diagnostics:
    """Collects the problems of one file, and what is only odd about it."""

    file: str
    problems: list[Diagnostic] = field(default_factory=list)
    warnings: list[Diagnostic] = field(default_factory=list)

    def add(
        self, section: UciSection, code: str, option: str | None = None, line: int = 0, **facts: Any
    ) -> None:
        """Note a problem at a line, or at the head of the section."""
        if not self.is_full():
            self.problems.append(self._found(section, code, option, line, facts))

    def warn(self, section: UciSection, code: str, option: str | None, line: int, **facts: Any) -> None:
        """Note what does not stand in the way."""
        self.warnings.append(self._found(section, code, option, line, facts))

    def _found(
        self, section: UciSection, code: str, option: str | None, line: int, facts: dict[str, Any]
    ) -> Diagnostic:
        return told_problem(code, facts, self.file, line or section.line, section.place, option)

    def is_full(self) -> bool:
        """Tell whether there are so many that no more are taken."""
        return len(self.problems) >= _MOST_PROBLEMS


@dataclass(frozen=True, slots=True)
class OptionValue:
    """One parsed value with the text and the line it came from."""

    value: Any
    text: str
    line: int


class SectionValues:
    """The parsed values of one section."""

    def __init__(self, section: UciSection, type: SectionType, diagnostics: Diagnostics) -> None:
        self.section = section
        self.type = type
        self._diagnostics = diagnostics
        self._items: dict[str, list[OptionValue]] = {}
        self._kept: dict[str, set[Any]] = {}
        self._bad: set[str] = set()

    def complain(self, code: str, option: str | None = None, line: int = 0, **facts: Any) -> None:
        """Note a problem; without a line it is that of the option's first value, or of the section."""
        if not line and option and self._items.get(option):
            line = self._items[option][0].line
        self._diagnostics.add(self.section, code, option, line, **facts)

    def refuse(self, code: str, option: str, line: int, **facts: Any) -> None:
        """Note a wrong value; checks that depend on this option are then left out."""
        self._bad.add(option)
        self.complain(code, option, line, **facts)

    def is_full(self) -> bool:
        """Tell whether no more problems of the file are taken."""
        return self._diagnostics.is_full()

    def caution(self, code: str, option: str | None = None, **facts: Any) -> None:
        """Note what does not stand in the way, at an option's first value or at the section."""
        line = self._items[option][0].line if option else 0
        self._diagnostics.warn(self.section, code, option, line, **facts)

    def keep(self, option: str, item: OptionValue) -> None:
        """Keep a good value."""
        self._items.setdefault(option, []).append(item)
        self._kept.setdefault(option, set()).add(item.value)

    def has(self, option: str, value: Any) -> bool:
        """Tell whether the option has this good value."""
        return value in self._kept.get(option, ())

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

    def settings(self) -> dict[str, Any]:
        """Return every value by the key of its row, in the unit of the model."""
        return {option.key: self._setting(option) for option in self.type.options}

    def _setting(self, option: Option) -> Any:
        if option.many:
            return self.all(option.name)
        value = self.one(option.name)
        return value if value is None else option.scaled(value)


def read(section: UciSection, type: SectionType, diagnostics: Diagnostics) -> SectionValues:
    """Read a section against its row of the table."""
    values = SectionValues(section, type, diagnostics)
    renamed = {option.was: option.name for option in type.options if option.was}
    written: dict[str, list[UciEntry]] = {}
    for entry in section.entries:
        if entry.name in renamed:
            diagnostics.warn(section, "option-renamed", entry.name, entry.line, name=renamed[entry.name])
        written.setdefault(renamed.get(entry.name, entry.name), []).append(entry)
    for name, entries in written.items():
        option = type.option(name)
        if diagnostics.is_full():
            break
        if option is None:
            _complain_of_unknown(values, name, entries[0].line)
        elif option.many:
            _read_list(values, option, entries)
        else:
            _read_one(values, option, entries)
    _check_presence(values)
    _check_only_with(values)
    return values


def _complain_of_unknown(values: SectionValues, name: str, line: int) -> None:
    known = values.type.option_names
    if _ELSEWHERE.get(name) in known:
        values.complain("option-elsewhere", name, line, name=_ELSEWHERE[name])
        return
    if not near(name, known):
        for other in SECTIONS:
            meant = near(name, other.option_names)
            if meant:
                code = "option-other-section" if meant == name else "option-other-section-near"
                values.complain(code, name, line, name=meant, type=other.name)
                return
    values.complain("option-unknown", name, line, **suggestion(name, known))


def _read_one(values: SectionValues, option: Option, entries: list[UciEntry]) -> None:
    entry = entries[-1]
    if len(entries) > 1:
        lines = [each.line for each in entries]
        values.refuse("option-repeated", option.name, entry.line, count=len(entries), lines=lines)
    elif entry.listed:
        values.refuse("option-listed", option.name, entry.line)
    elif entry.value:
        # libuci does not store an empty option, so empty means not set.
        _parse(values, option, entry.value, entry.line)


def _read_list(values: SectionValues, option: Option, entries: list[UciEntry]) -> None:
    for entry in entries:
        if not entry.listed and entry is not entries[0]:
            # For libuci it takes the place of all before it.
            lines = [each.line for each in entries]
            values.refuse("option-repeated", option.name, entry.line, count=len(entries), lines=lines)
            return
        if not entry.value and not entry.listed:
            continue
        # The rest of OpenWrt takes "option address 'a b'" for a list of two.
        split = option.kind.spaceless and not entry.listed
        for text in entry.value.split() if split else [entry.value]:
            if values.is_full():
                return
            _parse(values, option, text, entry.line)


def _parse(values: SectionValues, option: Option, text: str, line: int) -> None:
    try:
        value = option.kind.parse(text)
    except BadValue as why:
        values.refuse(why.code, option.name, line, **why.facts)
        return
    if values.has(option.name, value):
        values.refuse("value-repeated", option.name, line, value=visible(text))
        return
    values.keep(option.name, OptionValue(value, text, line))


def _check_presence(values: SectionValues) -> None:
    # A section that is switched off may be unfinished.
    if values.type.option("enabled") and not values.one("enabled"):
        return
    for option in values.type.options:
        if option.required and not values.given(option.name):
            values.complain("option-missing", option.name)
    names = values.type.one_of
    given = [name for name in names if values.given(name)]
    if names and not given:
        values.complain("option-needs-one", names=list(names))
    if len(given) > 1:
        values.complain("option-needs-one-only", names=given)


def _check_only_with(values: SectionValues) -> None:
    for option in values.type.options:
        unmet = _unmet(values, option) if values.given(option.name) else None
        if unmet is not None:
            name, wanted = unmet
            facts: dict[str, Any] = {
                "other": name,
                "wanted": _plain(wanted),
                "actual": _plain(values.one(name)),
            }
            values.complain("option-only-with", option.name, **facts)


def _unmet(values: SectionValues, option: Option) -> tuple[str, object] | None:
    """Return the option and the value that an option lacks: first what that option itself works with."""
    if option.only_with is None or not values.sure(option.only_with[0]):
        return None
    name, wanted = option.only_with
    other = values.type.option(name)
    further = None if other is None else _unmet(values, other)
    return further or (None if values.one(name) == wanted else (name, wanted))


def _plain(value: object) -> object:
    return int(value) if isinstance(value, bool) else value
