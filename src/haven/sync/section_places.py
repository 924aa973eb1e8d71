# SPDX-License-Identifier: GPL-2.0-or-later
"""The order of sections as keys between keys: what is put in moves nothing else, on any router.

A place is digits of a fraction between 0 and 1, and then the section's own mark, so that two sections that
are put into one gap by two routers never have one place.
"""

from bisect import bisect_left
from hashlib import blake2b

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
_BASE = len(_DIGITS)
# Enough to keep a few hundred sections of one gap apart.
_MARK = 4
LONGEST_PLACE = 400
# At the end of a place where a section was first seen: nobody has chosen it against another.
FOUND = "~"


def place_between(before: str, after: str, section: str) -> str:
    """Return a place between two others, '' for the beginning and for the end; the same for all who ask."""
    if not before or not after:
        # Most are put at an end: a whole half of what is left each time would soon make long keys.
        return (_above(before) if before else _below(after) if after else _middle("", "")) + _mark(section)
    return _middle(before, after) + _mark(section)


def places_between(before: str, after: str, sections: "list[str]") -> list[str]:
    """Return places for several in a row, all as short as they can be."""
    if not sections:
        return []
    half = len(sections) // 2
    middle = _middle(before, after) + _mark(sections[half])
    left = places_between(before, middle, sections[:half])
    return [*left, middle, *places_between(middle, after, sections[half + 1 :])]


def is_place(text: object) -> bool:
    """Tell whether a text can be a place."""
    if not isinstance(text, str):
        return False
    text = text.removesuffix(FOUND)
    if not 0 < len(text) <= LONGEST_PLACE:
        return False
    return all(char in _VALUES for char in text) and text[-1] != _DIGITS[0]


def standing(places: "list[str]") -> "list[bool]":
    """Return which of these stay where they are, as many as can, when the others move between them."""
    ends: list[str] = []
    at: list[int] = []
    before: list[int] = []
    for index, place in enumerate(places):
        where = bisect_left(ends, place)
        before.append(at[where - 1] if where else -1)
        ends[where : where + 1] = [place]
        at[where : where + 1] = [index]
    stays = [False] * len(places)
    index = at[-1] if at else -1
    while index >= 0:
        stays[index] = True
        index = before[index]
    return stays


def _above(before: str) -> str:
    index = 0
    while _VALUES[before[index : index + 1] or _DIGITS[0]] == _BASE - 1:
        index += 1
    return before[:index] + _DIGITS[_VALUES[before[index : index + 1] or _DIGITS[0]] + 1]


def _below(after: str) -> str:
    index = 0
    while after[index] in _DIGITS[:2]:
        index += 1
        if index == len(after):
            return _middle("", after)
    return after[:index].replace(_DIGITS[1], _DIGITS[0]) + _DIGITS[_VALUES[after[index]] - 1]


def _middle(before: str, after: str) -> str:
    """Return digits that come after one text and before another, both as fractions."""
    digits = ""
    index = 0
    while True:
        low = _VALUES[before[index]] if index < len(before) else 0
        high = _VALUES[after[index]] if index < len(after) else _BASE
        if high - low > 1:
            return digits + _DIGITS[(low + high) // 2]
        digits += _DIGITS[low]
        if high != low:
            # From here on anything is before the one behind.
            after = ""
        index += 1


def _mark(section: str) -> str:
    number = int.from_bytes(blake2b(section.encode(), digest_size=4).digest(), "big")
    mark = ""
    for _ in range(_MARK - 1):
        number, digit = divmod(number, _BASE)
        mark += _DIGITS[digit]
    # Nothing comes between a fraction and the same with a zero behind it.
    return mark + _DIGITS[1 + number % (_BASE - 1)]
