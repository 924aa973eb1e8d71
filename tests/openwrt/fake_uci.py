#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""As much of the `uci` command as haven and its pages use; the same tests run on the real one where it is.

    fake_uci.py -c FOLDER -t CHANGES [-q] COMMAND [ARGUMENT]

What is not committed stands in CHANGES as a whole file of the package; what `batch` changes stands nowhere.
"""

import sys
from pathlib import Path

from haven.config.uci.document import UciEntry, UciSection, parse, write

LISTS = ("add_list", "del_list")


class Uci:
    """The packages of a folder, with what is not committed yet."""

    def __init__(self, folder: Path, changes: Path) -> None:
        self._folder, self._changes = folder, changes
        self._packages: dict[str, list[UciSection]] = {}

    def sections(self, package: str) -> "list[UciSection] | None":
        """Return a package's sections, None where there is no such package."""
        places = [path for path in (self._changes / package, self._folder / package) if path.exists()]
        if package not in self._packages and places:
            self._packages[package] = parse(places[0].read_text(), "", package)[0]
        return self._packages.get(package)

    def run(self, command: str, argument: str) -> bool:
        """Carry out one command; False where what it is about is not there."""
        package, _, _ = argument.partition("=")[0].partition(".")
        if command == "commit":
            return self.commit(argument)
        sections = self.sections(package)
        if sections is None:
            return False
        if command == "export":
            sys.stdout.write(f"package {package}\n{write(sections)}")
            return True
        if command == "show":
            return show(sections, argument)
        return print_value(sections, argument) if command == "get" else change(sections, command, argument)

    def commit(self, package: str) -> bool:
        """Put what was changed in place, of one package or of all."""
        for path in sorted(self._changes.glob(package or "*")):
            path.replace(self._folder / path.name)
        return True

    def keep(self) -> None:
        """Keep what was changed for the next call."""
        self._changes.mkdir(parents=True, exist_ok=True)
        for package, sections in self._packages.items():
            (self._changes / package).write_text(write(sections))


def find(sections: list[UciSection], name: str) -> "UciSection | None":
    """Return a section by its name, or by @TYPE[INDEX]."""
    return next((each for each in sections if name in (each.name, f"@{each.type}[{each.index}]")), None)


def print_value(sections: list[UciSection], argument: str) -> bool:
    """Print the values of an option."""
    _package, name, option = argument.split(".")
    section = find(sections, name)
    values = [entry.value for entry in section.entries if entry.name == option] if section else []
    print(" ".join(values))
    return bool(values)


def show(sections: list[UciSection], argument: str) -> bool:
    """Print a package or a section as uci does."""
    package, _, name = argument.partition(".")
    shown = [find(sections, name)] if name else sections
    for section in filter(None, shown):
        place = f"{package}.{section.name or f'@{section.type}[{section.index}]'}"
        print(f"{place}={section.type}")
        for option in dict.fromkeys(entry.name for entry in section.entries):
            values = (f"'{entry.value}'" for entry in section.entries if entry.name == option)
            print(f"{place}.{option}={' '.join(values)}")
    return None not in shown


def change(sections: list[UciSection], command: str, argument: str) -> bool:
    """Change a section or an option."""
    place, _equals, value = argument.partition("=")
    _package, name, *option = place.split(".")
    value = value.strip("'")
    if not option:
        return change_section(sections, command, name, value)
    section = find(sections, name)
    return section is not None and change_option(section, command, option[0], value)


def change_section(sections: list[UciSection], command: str, name: str, value: str) -> bool:
    """Add a section, or remove it."""
    section = find(sections, name)
    if command == "delete" and section is not None:
        sections.remove(section)
    if command == "set" and section is None:
        sections.append(UciSection(value, name))
    elif command == "set" and section is not None:
        section.type = value
    return command == "set" or section is not None


def change_option(section: UciSection, command: str, option: str, value: str) -> bool:
    """Set an option, or take one or a value away."""
    present = [entry for entry in section.entries if entry.name == option]
    if command in ("delete", "set"):
        section.entries = [entry for entry in section.entries if entry.name != option]
    if command == "del_list":
        section.entries = [entry for entry in section.entries if (entry.name, entry.value) != (option, value)]
    if command in ("set", "add_list"):
        is_list = command == "add_list"
        for entry in present if is_list else []:
            entry.listed = True
        section.entries.append(UciEntry(option, value, listed=is_list))
    return bool(present) or command != "delete"


def main(words: list[str]) -> int:
    """Do what one call of uci does."""
    options: dict[str, str] = {}
    is_quiet = False
    while words and words[0][:1] == "-":
        if words[0] == "-q":
            is_quiet = bool(words.pop(0))
        else:
            name = words.pop(0)
            options[name] = words.pop(0)
    uci = Uci(Path(options["-c"]), Path(options["-t"]))
    if words[0] == "batch":
        for line in sys.stdin.read().splitlines():
            if not uci.run(*line.partition(" ")[::2]):
                print("uci: Entry not found", file=sys.stderr)
        return 0
    if not uci.run(words[0], " ".join(words[1:])):
        if not is_quiet:
            print("uci: Entry not found", file=sys.stderr)
        return 1
    if words[0] in ("set", "delete", *LISTS):
        uci.keep()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
