# SPDX-License-Identifier: GPL-2.0-or-later
"""What is to become /etc/config/haven: sections whose lines know where they come from, and remarks."""

from haven.config.options import SECTIONS, section_type
from haven.config.uci.document import UciSection, write
from haven.migration.origin import Origin, Remark, SourceError

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
# Four times what any router has; a check of all against all is still done in seconds.
MOST_SECTIONS, MOST_ROWS = 2500, 2500
# What tells one of two sections from the other that had its name first.
KINDS = {"virtual_router": "router", "track_script": "check"}
ORDER = [section.name for section in SECTIONS]


class DraftSection:
    """One section and the origin of each of its lines."""

    def __init__(self, type: str, name: str, place: Origin) -> None:
        self.type = type
        self.name = name
        self.place = place
        # Option, value, whether it is a list, where it comes from.
        self.rows: list[tuple[str, str, bool, Origin]] = []

    def set(self, option: str, value: object, place: Origin | None = None) -> None:
        """Set an option; a later one replaces it."""
        self.rows = [row for row in self.rows if row[0] != option]
        self.rows.append((option, str(value), False, place or self.place))

    def add(self, option: str, value: object, place: Origin | None = None) -> None:
        """Add to a list; what is there already is not added. Raises SourceError for too many."""
        if len(self.rows) >= MOST_ROWS:
            raise SourceError("rows-many", place or self.place, name=self.name, most=MOST_ROWS)
        if str(value) not in self.values(option):
            self.rows.append((option, str(value), True, place or self.place))

    def value(self, option: str) -> str:
        """Return the value of an option, empty where it is not set."""
        return (self.values(option) or [""])[-1]

    def ordered(self) -> list[tuple[str, str, bool, Origin]]:
        """Return the rows in the order of the option table."""
        found = section_type(self.type)
        order = {option.name: at for at, option in enumerate(found.options)} if found else {}
        return sorted(self.rows, key=lambda row: order.get(row[0], 0))

    def values(self, option: str) -> list[str]:
        """Return the values of a list."""
        return [row[1] for row in self.rows if row[0] == option]


class Draft:
    """Sections in the order in which they were made, and what has no counterpart."""

    def __init__(self) -> None:
        self.sections: list[DraftSection] = []
        self.remarks: list[Remark] = []
        self._said: set[str] = set()
        # How often each name was wanted.
        self._names: dict[str, int] = {}

    def remark(self, code: str, place: Origin, **facts: object) -> None:
        """Note that something has no counterpart, or another one than its user may think."""
        made = Remark(code, place, **facts)
        if str(made) not in self._said:
            self._said.add(str(made))
            self.remarks.append(made)

    def section(self, type: str, name: str, place: Origin) -> DraftSection:
        """Begin a section; its name is made one that UCI takes and no other section has."""
        made = _plain(name)
        if made in self._names:
            made = self._free(f"{made}_{KINDS.get(type, type)}")
        if made != name and name:
            self.remark("renamed", place, name=name, made=made)
        return self.invented(type, made, place)

    def invented(self, type: str, name: str, place: Origin) -> DraftSection:
        """Begin a section whose name is ours. Raises SourceError for too many."""
        made = self._free(_plain(name))
        self._names.setdefault(made, 1)
        if len(self.sections) >= MOST_SECTIONS:
            raise SourceError("sections-many", place, most=MOST_SECTIONS)
        self.sections.append(DraftSection(type, made, place))
        return self.sections[-1]

    def only(self, type: str, name: str, place: Origin) -> DraftSection:
        """Return the one section of a type, begun now where there is none."""
        return next((each for each in self.sections if each.type == type), None) or self.invented(
            type, name, place
        )

    def of_type(self, type: str) -> list[DraftSection]:
        """Return the sections of a type."""
        return [each for each in self.sections if each.type == type]

    def _free(self, name: str) -> str:
        made = name
        while made in self._names:
            self._names[name] += 1
            made = f"{name}_{self._names[name]}"
        return made

    def text(self, header: list[str]) -> tuple[str, dict[int, Origin]]:
        """Return the file, and where each of its lines comes from; `header` stands on top as comments."""
        comments = "".join(f"# {line}\n" for line in header)
        sections = sorted(self.sections, key=lambda each: ORDER.index(each.type))
        body = write(_uci(each) for each in sections)
        origins: dict[int, Origin] = {}
        line = len(header)
        for section in sections:
            # An empty line stands before each section.
            line += 2
            origins[line] = section.place
            for row in section.ordered():
                line += 1
                origins[line] = row[3]
        return comments + body, origins


def _uci(section: DraftSection) -> UciSection:
    made = UciSection(section.type, section.name)
    for option, value, listed, _place in section.ordered():
        # A line end in a value would be several lines of the file.
        made.add(option, value.replace("\n", " "), listed=listed)
    return made


def _plain(name: str) -> str:
    return "".join(char if char in _LETTERS else "_" for char in name)[:60] or "unnamed"
