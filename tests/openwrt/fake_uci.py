#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""As much of the `uci` command as haven uses; the same tests run on the real one where it is installed."""

import sys
from pathlib import Path

from haven.config.uci.document import UciEntry, UciSection, parse, write


def main(words: list[str]) -> int:
    options = {words.pop(0): words.pop(0) for _ in range(2) if words and words[0] in ("-c", "-t")}
    folder = Path(options["-c"])
    changes = Path(options["-t"]) / "dhcp"
    planted = changes.read_text().splitlines() if changes.exists() else []
    if words[0] == "export":
        path = folder / words[1]
        if not path.exists():
            print("uci: Entry not found", file=sys.stderr)
            return 1
        export(parse(path.read_text(), "", words[1])[0])
        return 0
    sections = parse((folder / "dhcp").read_text(), "", "dhcp")[0]
    # uci loads the changes that were not committed, whoever has made them.
    for line in [*(f"set {each}" for each in planted), *sys.stdin.read().splitlines()]:
        command, _, argument = line.partition(" ")
        if command == "export":
            export(sections)
        elif not change(sections, command, argument):
            print("uci: Entry not found", file=sys.stderr)
    return 0


def export(sections: list[UciSection]) -> None:
    sys.stdout.write(f"package dhcp\n{write(sections)}")


def change(sections: list[UciSection], command: str, argument: str) -> bool:
    place, equals, value = argument.partition("=")
    _package, name, option = place.split(".")
    value = value.strip("'")
    section = next((each for each in sections if name in (each.name, f"@{each.type}[{each.index}]")), None)
    if section is None:
        return False
    present = [entry for entry in section.entries if entry.name == option]
    if command == "delete":
        section.entries = [entry for entry in section.entries if entry.name != option]
        return bool(present)
    if command == "del_list":
        section.entries = [entry for entry in section.entries if (entry.name, entry.value) != (option, value)]
    if command == "set":
        section.entries = [entry for entry in section.entries if entry.name != option]
        section.entries.append(UciEntry(option, value))
    if command == "add_list":
        for entry in present:
            entry.listed = True
        section.entries.append(UciEntry(option, value, listed=True))
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
