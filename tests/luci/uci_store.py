# SPDX-License-Identifier: GPL-2.0-or-later
"""rpcd's object `uci`, as far as LuCI's pages use it: what is staged is what is read."""

from typing import Any

from haven.config.uci.document import parse

OK, INVALID_ARGUMENT, NOT_FOUND = 0, 2, 4
Values = dict[str, Any]


class UciStore:
    """The configurations of one router, by name."""

    def __init__(self, **texts: str) -> None:
        self._configs = {name: _sections(text, name) for name, text in texts.items()}
        self.changes: list[list[str]] = []
        self.applied: list[str] = []
        self._made = 0

    def sections(self, config: str) -> list[Values]:
        """Return the sections of a configuration in their order."""
        return list(self._configs[config].values())

    def text(self, config: str) -> str:
        """Write a configuration as /etc/config has it."""
        lines = []
        for section in self.sections(config):
            lines.append(f"config {section['.type']} '{section['.name']}'")
            for name, value in section.items():
                kind = "list" if isinstance(value, list) else "option"
                values = value if isinstance(value, list) else [value]
                lines += [f"\t{kind} {name} '{each}'" for each in values if name[0] != "."]
        return "\n".join(lines) + "\n"

    def call(self, method: str, arguments: Values) -> tuple[int, Values]:
        """Carry out one call: its status and its answer."""
        if method == "changes":
            return self._changes(arguments)
        if arguments.get("config") not in self._configs:
            return NOT_FOUND, {}
        return getattr(self, f"_{method}")(arguments)

    def _get(self, arguments: Values) -> tuple[int, Values]:
        return OK, {"values": self._configs[arguments["config"]]}

    def _add(self, arguments: Values) -> tuple[int, Values]:
        self._made += 1
        name = arguments.get("name") or f"cfg{self._made:06x}"
        made = _section(name, arguments["type"], not arguments.get("name"), 100 + self._made)
        self._configs[arguments["config"]][name] = made | (arguments.get("values") or {})
        return self._change(["add", name, arguments["type"]], {"section": name})

    def _set(self, arguments: Values) -> tuple[int, Values]:
        section = self._configs[arguments["config"]].get(arguments["section"])
        if section is None:
            return NOT_FOUND, {}
        # libuci keeps no change that changes nothing.
        changed = {name: new for name, new in arguments["values"].items() if section.get(name) != new}
        section.update(changed)
        return self._change(["set", arguments["section"], *changed]) if changed else (OK, {})

    def _delete(self, arguments: Values) -> tuple[int, Values]:
        sections, name = self._configs[arguments["config"]], arguments["section"]
        for option in arguments.get("options") or []:
            sections[name].pop(option, None)
        if not arguments.get("options"):
            del sections[name]
        return self._change(["delete", name, *(arguments.get("options") or [])])

    def _order(self, _arguments: Values) -> tuple[int, Values]:
        return OK, {}

    def _changes(self, _arguments: Values) -> tuple[int, Values]:
        return OK, {"changes": {"haven": self.changes} if self.changes else {}}

    def _change(self, change: list[str], answer: Values | None = None) -> tuple[int, Values]:
        self.changes.append(change)
        return OK, answer or {}


def _sections(text: str, package: str) -> dict[str, Values]:
    found, problems = parse(text, package, package)
    assert not problems, problems
    sections = {}
    for index, section in enumerate(found):
        name = section.name or f"cfg{index:02x}{package.encode().hex()[:4]}"
        values = _section(name, section.type, not section.name, index)
        for entry in section.entries:
            if entry.listed:
                values.setdefault(entry.name, []).append(entry.value)
            else:
                values[entry.name] = entry.value
        sections[name] = values
    return sections


def _section(name: str, kind: str, anonymous: bool, index: int) -> Values:
    return {".name": name, ".type": kind, ".anonymous": anonymous, ".index": index}
