# SPDX-License-Identifier: GPL-2.0-or-later
"""Small pieces of text for a person at a terminal."""

import time
from collections.abc import Sequence

COLOURS = {
    "active": "32",
    "backup": "36",
    "fault": "31",
    "maintenance": "33",
    "initialize": "33",
    "problem": "31",
}


def painted(text: str, kind: str, colour: bool) -> str:
    """Return text in the colour of a state, where colours are wanted."""
    code = COLOURS.get(kind)
    return f"\x1b[{code}m{text}\x1b[0m" if colour and code else text


def duration(seconds: float) -> str:
    """Return a length of time in its two greatest units."""
    left = int(seconds)
    parts: list[str] = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        if left >= size or (unit == "s" and not parts):
            parts.append(f"{left // size} {unit}")
        left %= size
    return " ".join(parts[:2])


def ago(milliseconds: "int | None") -> str:
    """Return how long ago something was heard."""
    if milliseconds is None:
        return "-"
    return f"{milliseconds} ms" if milliseconds < 10000 else duration(milliseconds / 1000)


def clock(at: float) -> str:
    """Return a moment in local time, to the millisecond."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at)) + f".{int(at * 1000) % 1000:03d}"


def table(rows: "Sequence[Sequence[str]]", indent: str = "  ") -> list[str]:
    """Return rows as aligned lines; the last column is as wide as it is."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    return [
        (
            indent
            + "  ".join([cell.ljust(width) for cell, width in zip(row, widths, strict=False)] + [row[-1]])
        ).rstrip()
        for row in rows
    ]
