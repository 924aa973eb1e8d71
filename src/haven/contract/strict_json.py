# SPDX-License-Identifier: GPL-2.0-or-later
"""JSON as everybody reads it: Python alone takes NaN and Infinity, and 1e999 for one, and writes them too."""

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


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


def loads(text: "str | bytes") -> "Any":
    """Return what a text says. Raises ValueError, or RecursionError for what is nested too deep."""
    return json.loads(text, **OPTIONS)
