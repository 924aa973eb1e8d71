# SPDX-License-Identifier: GPL-2.0-or-later
"""An entry that has more words than a line of the file takes, in short."""

from haven.contract.history_words import LONGEST_ENTRY
from haven.contract.strict_json import write_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from haven.contract.history_words import Entry

# How many items a list keeps, and how many letters a text: the first of these that is short enough.
SIZES = ((8, 200), (4, 100), (2, 50), (1, 25))


def fits(entry: "Entry") -> bool:
    """Tell whether an entry has its place on a line."""
    return len(write_json(entry)) <= LONGEST_ENTRY


def shortened(entry: "Entry") -> "Entry | None":
    """Return an entry that fits, with lists and texts cut; None where that is not enough."""
    if fits(entry):
        return entry
    found = [_cut(entry, items, letters) for items, letters in SIZES]
    return next((each for each in found if fits(each)), None)


def _cut(value: "Any", items: int, letters: int) -> "Any":
    if isinstance(value, str) and len(value) > letters:
        return value[: letters - 3] + "..."
    if isinstance(value, list):
        return [_cut(each, items, letters) for each in value[:items]]
    if isinstance(value, dict):
        return {key: _cut(value[key], items, letters) for key in value}
    return value
