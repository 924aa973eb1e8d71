# SPDX-License-Identifier: GPL-2.0-or-later
"""Small pieces of text for a person at a terminal."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

COLOURS = {
    "well": "32",
    "active": "32",
    "backup": "36",
    "fault": "31",
    "problem": "31",
    "initialize": "33",
    "maintenance": "33",
}

# What a terminal acts by, C0 and C1; of them white space is a space.
_CONTROLS = {code: "\\x%02x" % code for code in (*range(32), *range(127, 160))}
_CONTROLS.update(dict.fromkeys((9, 10, 13), " "))

UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def painted(text: str, kind: str, colour: bool) -> str:
    """Return text in the colour of a state or a verdict, where colours are wanted."""
    code = COLOURS.get(kind)
    return f"\x1b[{code}m{text}\x1b[0m" if colour and code else text


def printable(value: "Any") -> "Any":
    """Return a document whose texts do nothing to a terminal, whoever has named things."""
    if isinstance(value, str):
        return value.translate(_CONTROLS)
    if isinstance(value, list):
        return [printable(each) for each in value]
    if isinstance(value, dict):
        return {key: printable(value[key]) for key in value}
    return value


def duration(seconds: float) -> str:
    """Return a length of time in its two greatest units, such as 3 min 12 s."""
    return " ".join(f"{number} {unit}" for number, unit in _greatest_units(seconds))


def short_duration(seconds: float) -> str:
    """Return a length of time for a narrow column, such as 3m12s."""
    return "".join(f"{number}{unit[0]}" for number, unit in _greatest_units(seconds))


def _greatest_units(seconds: float) -> list[tuple[int, str]]:
    # The clock may have been set back since.
    left = max(0, int(seconds))
    for place, (unit, size) in enumerate(UNITS):
        if left >= size:
            following = UNITS[place + 1 : place + 2]
            rest = [(left % size // smaller, name) for name, smaller in following]
            return [(left // size, unit), *[part for part in rest if part[0]]]
    return [(0, "s")]


def count(number: int, noun: str) -> str:
    """Return a number of things in words, such as 2 groups."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def wrapped(text: str, width: int, first: str = "", then: str = "") -> list[str]:
    """Return text as lines of at most a width, except where a word alone is longer."""
    lines, line = [], first
    empty = True
    for word in text.split():
        if not empty and len(line) + 1 + len(word) > width:
            lines.append(line)
            line, empty = then, True
        line += word if empty else " " + word
        empty = False
    return [*lines, line]
