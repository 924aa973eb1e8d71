# SPDX-License-Identifier: GPL-2.0-or-later
"""What was changed by whom, the last changes, with what was before, so that one of them can be undone."""

from typing import Any

from haven.contract.fields import (
    DocumentError,
    Field,
    any_text,
    check_object,
    list_of,
    number,
    one_of,
    text,
    whole,
)
from haven.sync.records import Unit
from haven.sync.shape import pack, to_json, unpack

MOST_CHANGES = 50
LARGEST_HISTORY = 256 << 10
LARGEST_KEPT_FILE = 64 << 10
KINDS = ("edit", "received", "taken", "undone", "joined")
# In the place of an option: that a section is there, and where.
HEAD, PLACE = "", "#"
_ENTRY = (
    Field("number", whole(1)),
    Field("at", number),
    Field("node", any_text),
    Field("kind", one_of(KINDS)),
    Field("kept", one_of((0, 1))),
    Field("count", whole()),
    Field("rows", list_of(lambda row: "" if isinstance(row, list) and len(row) == 6 else "a row of six")),
    Field("blobs", list_of(text)),
)

# [package, id, option, value before, value after, path as it was shown]
Row = list[Any]


class History:
    """The last changes, oldest first."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []

    def add(
        self, number: int, at: float, node: str, kind: str, rows: "list[Row]", blobs: "list[str]"
    ) -> None:
        """Note a change of rows; one that is too large is noted without what was before."""
        entry = {"number": number, "at": at, "node": node, "kind": kind, "count": len(rows), "kept": 1}
        entry.update(rows=rows, blobs=blobs)
        if len(to_json(entry)) > LARGEST_HISTORY // 2:
            entry.update(kept=0, rows=[[*row[:3], None, None, row[5]] for row in rows[:50]], blobs=[])
        self.entries.append(entry)
        sizes = [_size(each) for each in self.entries]
        while len(self.entries) > MOST_CHANGES or sum(sizes) > LARGEST_HISTORY:
            del self.entries[0], sizes[0]

    def find(self, number: int) -> "dict[str, Any] | None":
        """Return the change of a number."""
        return next((each for each in self.entries if each["number"] == number), None)

    def copy(self) -> "History":
        """Return one that can grow by itself."""
        other = History()
        other.entries = list(self.entries)
        return other

    def octets(self) -> bytes:
        """Return it as a file."""
        return pack(self.entries)


def read_history(octets: "bytes | None") -> History:
    """Return what was noted; nothing when it is damaged, since nothing else goes by it."""
    history = History()
    try:
        entries = unpack(octets) if octets is not None else []
        history.entries = [check_object(each, _ENTRY, "history") for each in entries]
    except (DocumentError, ValueError, TypeError):
        history.entries = []
    return history


def _size(entry: dict[str, Any]) -> int:
    """Return how many octets a change takes, with the contents of files before it."""
    kept = [int(row[3][2]) for row in entry["rows"] if not row[0] and row[3] and row[3][1] in entry["blobs"]]
    return len(to_json(entry)) + sum(kept)


def unit_rows(package: str, id: str, before: "Unit | None", after: "Unit | None") -> "list[Row]":
    """Return what has changed in the file by one unit, still without paths."""
    was, now = unit_content(before), unit_content(after)
    return [
        [package, id, option, was.get(option), now.get(option), ""]
        for option in {**was, **now}
        if was.get(option) != now.get(option) and (option != PLACE or HEAD in was)
    ]


def unit_content(unit: "Unit | None") -> dict[str, Any]:
    """Return what the file has of a unit, by option, HEAD and PLACE; nothing when it is not there."""
    if unit is None or not unit.present:
        return {}
    content = {HEAD: unit.section.value, PLACE: unit.where}
    for name, item in unit.options.items():
        if item.held and "@" not in name and item.value is not None:
            content[name] = item.value
    return content
