# SPDX-License-Identifier: GPL-2.0-or-later
"""A whole package as libuci has it after reading, and written as `uci commit` writes it."""

import os
import re

from haven.config.uci.document import UciSection, parse, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from haven.contract.diagnostics import Diagnostic

CONFIG_FOLDER = "/etc/config/"
_NAME = re.compile(r"[\w-]{1,128}", re.ASCII)

# Of an option, or of a list.
Value = str | list[str]


def package_names(root: str) -> "list[str]":
    """Return the packages below a root, and no editor's or package manager's copy of one."""
    try:
        names = os.listdir(root + CONFIG_FOLDER)
    except OSError:
        return []
    return [name for name in names if _NAME.fullmatch(name)]


def packages_and_files(paths: "Iterable[str]") -> "tuple[list[str], list[str]]":
    """Part the names of the packages from the paths of all other files."""
    packages: list[str] = []
    files: list[str] = []
    for path in paths:
        if path.startswith(CONFIG_FOLDER):
            packages.append(path[len(CONFIG_FOLDER) :])
        else:
            files.append(path)
    return packages, files


class PackageSection:
    """One section as libuci has it: each option once, a list as one value; without a name it is ''."""

    __slots__ = ("name", "options", "type")

    def __init__(self, type: str, name: str = "", options: "dict[str, Value] | None" = None) -> None:
        self.type = type
        self.name = name
        self.options: dict[str, Value] = options if options is not None else {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PackageSection) and self._content() == other._content()

    def __hash__(self) -> int:
        return hash((self.type, self.name))

    def __repr__(self) -> str:
        return "PackageSection%r" % (self._content(),)

    def _content(self) -> "tuple[str, str, dict[str, Value]]":
        return (self.type, self.name, self.options)


def read_package(text: str, file: str, package: str) -> "tuple[list[PackageSection], list[Diagnostic]]":
    """Read UCI text; with a problem the sections are not what libuci would have."""
    parsed, problems = parse(text, file, package)
    sections: list[PackageSection] = []
    named: dict[str, PackageSection] = {}
    for each in parsed:
        section = named.get(each.name)
        if section is None:
            section = PackageSection(each.type, each.name)
            sections.append(section)
        # A name that comes again goes on with the same section, under its new type.
        section.type = each.type
        if each.name:
            named[each.name] = section
        _take_entries(section, each)
    return sections, problems


def write_package(sections: "Iterable[PackageSection]") -> str:
    """Write what libuci reads as these sections."""
    written = []
    for section in sections:
        into = UciSection(section.type, section.name)
        for name, value in section.options.items():
            for each in [value] if isinstance(value, str) else value:
                into.add(name, each, listed=not isinstance(value, str))
        written.append(into)
    # uci ends a file with an empty line, one without sections as well.
    return write(written) + "\n" if written else "\n"


def _take_entries(section: PackageSection, parsed: UciSection) -> None:
    for entry in parsed.entries:
        before = section.options.get(entry.name)
        if not entry.listed:
            if entry.value:
                section.options[entry.name] = entry.value
            else:
                # To libuci an empty option is none.
                section.options.pop(entry.name, None)
        elif before is None:
            section.options[entry.name] = [entry.value]
        elif isinstance(before, str):
            # libuci makes a list of what was an option, at the end of the section.
            del section.options[entry.name]
            section.options[entry.name] = [before, entry.value]
        else:
            before.append(entry.value)
