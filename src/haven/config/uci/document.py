# SPDX-License-Identifier: GPL-2.0-or-later
"""UCI text to sections with line numbers, and back; what cannot be read becomes a Problem."""

from haven.config.spelling import suggestion, visible
from haven.config.told_problem import told_problem
from haven.config.uci.lexer import Statement, UciLexer
from haven.contract.diagnostics import Diagnostic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from haven.config.uci.lexer import Wrong

# Nobody reads more of them, and each is a hundred times as large as what it is about.
_MOST_PROBLEMS = 1000
_KEYWORDS = ("config", "option", "list", "package")
_NAME_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"


class UciEntry:
    """One `option` or `list` line."""

    __slots__ = ("line", "listed", "name", "value")

    def __init__(self, name: str, value: str, line: int = 0, listed: bool = False) -> None:
        self.name = name
        self.value = value
        self.line = line
        self.listed = listed


class UciSection:
    """One `config` block; `index` counts the sections of its type, as in @virtual_router[0]."""

    __slots__ = ("entries", "index", "line", "name", "type")

    def __init__(self, type: str, name: str = "", line: int = 0, index: int = 0) -> None:
        self.type = type
        self.name = name
        self.line = line
        self.index = index
        self.entries: list[UciEntry] = []

    @property
    def label(self) -> str:
        """Name the section the way its user does."""
        if self.name:
            return "%s '%s'" % (self.type, self.name)
        return "@%s[%d]" % (self.type, self.index)

    @property
    def place(self) -> "tuple[str, str, str]":
        """Return label, type and name, for a diagnostic."""
        return (self.label, self.type, self.name)

    def value(self, name: str) -> str:
        """Return the last value of an option as it was written, empty where there is none."""
        return ([""] + [entry.value for entry in self.entries if entry.name == name])[-1]

    def add(self, name: str, value: str, line: int = 0, listed: bool = False) -> None:
        """Append an entry."""
        self.entries.append(UciEntry(name, value, line, listed))


def parse(text: str, file: str = "", package: str = "haven") -> tuple[list[UciSection], list[Diagnostic]]:
    """Read UCI text; sections that have a problem are given as far as they could be read."""
    return _Parser(file, package).run(text)


def write(sections: "Iterable[UciSection]") -> str:
    """Write sections as `uci export` does."""
    lines = []
    for section in sections:
        name = " " + _quoted(section.name) if section.name else ""
        lines.append("\nconfig %s%s" % (_written_type(section.type), name))
        for entry in section.entries:
            keyword = "list" if entry.listed else "option"
            lines.append("\t%s %s %s" % (keyword, entry.name, _quoted(entry.value)))
    return "\n".join(lines) + "\n"


def valid_name(text: str) -> bool:
    """Tell whether libuci takes this as the name of a section or an option."""
    for char in text:
        if char not in _NAME_LETTERS:
            return False
    return bool(text)


def _valid_type(text: str) -> bool:
    return bool(text) and min(text) > " " and max(text) < "\x7f"


def _written_type(type: str) -> str:
    # uci itself would write any as it is, and then not read it.
    return _quoted(type) if any(char in type for char in "'\"\\;#") else type


def _quoted(text: str) -> str:
    # A new pair of quotes after each line end keeps "\noption" in a value apart from a forgotten quote.
    return "'%s'" % text.replace("'", "'\\''").replace("\n", "\n''")


class _Parser:
    def __init__(self, file: str, package: str) -> None:
        self._file = file
        self._package = package
        self._sections: list[UciSection] = []
        self._problems: list[Diagnostic] = []
        self._current: UciSection | None = None
        # How many sections of each type there are.
        self._counts: dict[str, int] = {}

    def run(self, text: str) -> tuple[list[UciSection], list[Diagnostic]]:
        reader = UciLexer(text)
        statement = reader.statement()
        while statement is not None and len(self._problems) < _MOST_PROBLEMS:
            self._take(statement)
            statement = reader.statement()
        return self._sections, self._problems

    def _take(self, statement: Statement) -> None:
        keyword = statement.words[0] if statement.words else ""
        if keyword in ("config", "c"):
            self._config(statement)
        elif keyword in ("option", "o", "list", "l"):
            self._option(statement, keyword in ("list", "l"))
        elif keyword in ("package", "p"):
            self._package_line(statement)
        elif statement.wrong:
            self._complain(statement, *statement.wrong)
        else:
            facts = {"word": visible(keyword)}
            facts.update(suggestion(keyword, _KEYWORDS))
            self._complain(statement, "line-start", facts)

    def _complain(
        self, statement: Statement, code: str, facts: "dict[str, Any]", option: str | None = None
    ) -> None:
        section = self._current.place if self._current else None
        self._problems.append(told_problem(code, facts, self._file, statement.line, section, option))

    def _config(self, statement: Statement) -> None:
        # What follows a bad 'config' line must not be taken for part of the section before it.
        self._current = None
        wrong = statement.wrong or _wrong_config(statement.words[1:])
        if wrong:
            self._complain(statement, *wrong)
        type, name = (statement.words[1:] + ["", ""])[:2]
        index = self._counts.get(type, 0)
        # A message about what follows names this section, whatever its own line holds.
        label = type if _valid_type(type) else "section"
        self._current = UciSection(label, name if valid_name(name) else "", statement.line, index)
        if not wrong:
            self._sections.append(self._current)
            self._counts[type] = index + 1

    def _option(self, statement: Statement, listed: bool) -> None:
        words = statement.words[1:]
        name = words[0] if words and valid_name(words[0]) else None
        if self._current is None:
            self._complain(statement, "before-config", {}, name)
            return
        wrong = statement.wrong or _wrong_option(words)
        if wrong:
            self._complain(statement, *wrong, option=name)
        else:
            self._current.add(words[0], words[1], statement.line, listed)

    def _package_line(self, statement: Statement) -> None:
        name = statement.words[1] if len(statement.words) == 2 else ""
        if statement.wrong:
            self._complain(statement, *statement.wrong)
        elif not name:
            self._complain(statement, "package-name", {})
        elif name != self._package:
            self._complain(statement, "package-other", {"package": self._package, "word": visible(name)})


def _wrong_config(words: list[str]) -> "Wrong | None":
    if not words or not words[0]:
        return "config-no-type", {}
    if not _valid_type(words[0]):
        return "config-type-letters", {"word": visible(words[0])}
    if len(words) > 1 and words[1] and not valid_name(words[1]):
        return "config-name-letters", {"word": visible(words[1])}
    return ("config-words", {}) if len(words) > 2 else None


def _wrong_option(words: list[str]) -> "Wrong | None":
    if not words or not words[0]:
        return "option-no-name", {}
    if not valid_name(words[0]):
        return "option-name-letters", {"word": visible(words[0])}
    if len(words) < 2:
        return "option-no-value", {}
    if len(words) > 2:
        return "option-words", {}
    # libuci takes no other control characters.
    bad = min(words[1] or " ") < " " and [char for char in words[1] if char < " " and char not in "\t\r\n"]
    return ("option-control", {}) if bad else None
