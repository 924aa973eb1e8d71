# SPDX-License-Identifier: GPL-2.0-or-later
"""JSON as everybody reads it: Python alone takes NaN and Infinity, and 1e999 for one, and writes them too."""

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

# No document of ours has a third of it; what is done with one goes from level to level, and has to come back.
DEEPEST = 32


def _refuse(constant: str) -> None:
    raise ValueError("%s is not JSON" % constant)


def _finite(text: str) -> float:
    number = float(text)
    if number - number != 0:
        raise ValueError("%s is too great" % text)
    return number


OPTIONS: "dict[str, Any]" = {"parse_constant": _refuse, "parse_float": _finite}
try:
    json.loads("0", **OPTIONS)
except TypeError:
    # MicroPython's has no options; it does not read the constants either.
    OPTIONS = {}


def read_json(text: "str | bytes") -> "Any":
    """Return the value that a text of JSON is. Raises ValueError, for one that is nested too deep as well."""
    try:
        found = json.loads(text, **OPTIONS)
    except (MemoryError, RecursionError):
        # MicroPython does not recurse: each level takes of its small heap.
        raise ValueError("nested too deep") from None
    level = [found]
    for _ in range(DEEPEST):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return found
    raise ValueError("nested too deep")


def _inside(value: "Any") -> "Iterable[Any]":
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
