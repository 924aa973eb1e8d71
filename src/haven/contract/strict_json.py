# SPDX-License-Identifier: GPL-2.0-or-later
"""JSON as everybody reads it: Python alone takes NaN and Infinity, and 1e999 for one, and writes them too."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

# No document of ours has a third of it; what is done with one goes from level to level, and has to come back.
DEEPEST = 32

SPACE = " \t\n\r"


def _refuse(constant: str) -> None:
    raise ValueError("%s is not JSON" % constant)


def _finite(text: str) -> float:
    number = float(text)
    if number - number != 0:
        raise ValueError("%s is too great" % text)
    return number


class _Rules:
    """What CPython's reader in C asks of a JSONDecoder."""

    strict = True
    memo: "dict[str, str]" = {}
    object_hook = object_pairs_hook = None
    parse_float, parse_constant, parse_int = staticmethod(_finite), staticmethod(_refuse), int


def _in_c() -> "tuple[Callable[[str], Any], Callable[[Any], str]]":
    """Return what reads and what writes, of the parts of json that are written in C.

    The others are regular expressions and what these bring: 1.1 MB for programs that stay.
    """
    import _json

    scan = _json.make_scanner(_Rules())  # type: ignore[arg-type]

    def read(text: str) -> "Any":
        begin = len(text) - len(text.lstrip(SPACE))
        try:
            found, end = scan(text, begin)
        except StopIteration as why:
            raise ValueError("no value at character %s" % why.value) from None
        except SystemError:
            # Up to Python 3.12 it has no exception to raise while json's Python part is not there.
            raise ValueError("a value is not as it should be") from None
        if text[end:].strip(SPACE):
            raise ValueError("more than one value")
        return found

    def write(value: "Any") -> str:
        # What is being written, so that a value within itself is found.
        around: dict[int, Any] = {}
        text, as_json = _json.encode_basestring_ascii, (None, ": ", ", ", False, False, True)
        return "".join(_json.make_encoder(around, _unknown, text, *as_json)(value, 0))

    return read, write


def _unknown(value: "Any") -> None:
    raise TypeError("%s is not JSON" % type(value).__name__)


def _in_python() -> "tuple[Callable[[str], Any], Callable[[Any], str]]":
    """Return the same of any Python."""
    import json

    options: dict[str, Any] = {"parse_constant": _refuse, "parse_float": _finite}
    try:
        json.loads("0", **options)
    except TypeError:
        # MicroPython's has no options; it does not read the constants either.
        options = {}
    return lambda text: json.loads(text, **options), json.dumps


try:
    _read, _write = _in_c()
    _read(_write([]))
except (ImportError, AttributeError, TypeError):
    _read, _write = _in_python()


def read_json(text: "str | bytes") -> "Any":
    """Return the value that a text of JSON is. Raises ValueError, for one that is nested too deep as well."""
    try:
        found = _read(text if isinstance(text, str) else text.decode())
    except (MemoryError, RecursionError):
        # MicroPython does not recurse: each level takes of its small heap.
        raise ValueError("nested too deep") from None
    level = [found]
    for _ in range(DEEPEST):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return found
    raise ValueError("nested too deep")


def write_json(value: "Any") -> str:
    """Return a value as a text of JSON on one line."""
    return _write(value)


def _inside(value: "Any") -> "Iterable[Any]":
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
