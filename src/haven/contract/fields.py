# SPDX-License-Identifier: GPL-2.0-or-later
"""JSON documents described by tables of fields, and checked with a suspicious eye on both sides."""

from haven.inet import octets_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    # Returns what a value should have been, or nothing where it is good.
    Check = Callable[[Any], str]

MOST = 1 << 62
# Of a moment: later than any clock of Linux can be.
LATEST = 10**10
# Of a prefix length.
DIGITS, MOST_DIGITS = "0123456789", 3


class DocumentError(Exception):
    """A value is missing or is not what it should be; the text says where."""


class Field:
    """A key of an object and what its value is.

    One that is `optional` may be missing or null; one that is `nullable` is always there, and may be null.
    """

    def __init__(self, key: str, check: "Check", optional: bool = False, nullable: bool = False) -> None:
        self.key = key
        self.check = check
        self.optional = optional
        self.nullable = nullable

    def may_be_null(self, document: "Mapping[str, Any]") -> bool:
        """Tell whether a document that has no value for it is as it should be."""
        return self.optional or (self.nullable and self.key in document)


def check_object(document: "Any", fields: "Iterable[Field]", where: str) -> "dict[str, Any]":
    """Return a document that has every field as described; others are let pass. Raises DocumentError."""
    if not isinstance(document, dict):
        raise DocumentError("%s is not an object" % where)
    for field in fields:
        value = document.get(field.key)
        if value is None and field.may_be_null(document):
            continue
        if field.key not in document:
            raise DocumentError("%s: %s is missing" % (where, field.key))
        wanted = field.check(value)
        if wanted:
            raise DocumentError("%s: %s is not %s" % (where, field.key, wanted))
    for key in document:
        # Also those that no table has: of a setting for the engine its row in the option table is enough.
        if key.endswith("_us") and document[key] is not None and not is_whole(document[key]):
            raise DocumentError("%s: %s is not a whole number" % (where, key))
    return document


def check_objects(documents: "Iterable[Any]", fields: "Iterable[Field]", where: str) -> None:
    """Check each of a list of objects. Raises DocumentError, which names the place in the list."""
    for index, document in enumerate(documents):
        check_object(document, fields, "%s[%d]" % (where, index))


def is_whole(value: "Any", low: int = 0, high: int = MOST) -> bool:
    """Tell whether a value is a whole number of a range; true and false are not."""
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def anything(_value: "Any") -> str:
    """Accept whatever is there."""
    return ""


def text(value: "Any") -> str:
    """Ask for a text that is not empty."""
    return "" if isinstance(value, str) and value else "a text"


def any_text(value: "Any") -> str:
    """Ask for a text that may be empty."""
    return "" if isinstance(value, str) else "a text"


def flag(value: "Any") -> str:
    """Ask for true or false."""
    return "" if isinstance(value, bool) else "true or false"


def _is_number(value: "Any", low: int, high: int) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high


def number(value: "Any") -> str:
    """Ask for a number of any kind that can be reckoned with."""
    return "" if _is_number(value, -MOST, MOST) else "a number"


def moment(value: "Any") -> str:
    """Ask for seconds since the epoch of which a date can be made."""
    return "" if _is_number(value, 0, LATEST) else "a time"


def whole(low: int = 0, high: int = MOST) -> "Check":
    """Ask for a whole number of a range."""
    wanted = "a whole number in %d..%d" % (low, high)
    return lambda value: "" if is_whole(value, low, high) else wanted


def one_of(choices: "tuple[Any, ...]") -> "Check":
    """Ask for one of some values."""
    wanted = "one of %s" % ", ".join([str(choice) for choice in choices])
    return lambda value: wanted if isinstance(value, bool) or value not in choices else ""


def octets(value: "Any") -> str:
    """Ask for octets in hexadecimal."""
    try:
        bytes.fromhex(value)
    except (TypeError, ValueError):
        return "octets in hexadecimal"
    return ""


def address(value: "Any") -> str:
    """Ask for an address of either family, with a prefix length or without."""
    try:
        place, slash, prefix = value.partition("/")
        most = 8 * len(octets_of(place))
    except (AttributeError, OSError, TypeError, ValueError):
        return "an address"
    # What follows goes into messages of the kernel's, and no digits of other scripts do.
    is_prefix = prefix and not prefix.strip(DIGITS) and len(prefix) <= MOST_DIGITS and int(prefix) <= most
    return "" if is_prefix or not slash else "an address"


def host(value: "Any") -> str:
    """Ask for an address of either family without a prefix length."""
    return address(value) if isinstance(value, str) and "/" not in value else "an address without a prefix"


def list_of(check: "Check") -> "Check":
    """Ask for a list whose items are all as another check asks for."""

    def judge(value: "Any") -> str:
        if not isinstance(value, list):
            return "a list"
        for item in value:
            wanted = check(item)
            if wanted:
                return "a list of which each is %s" % wanted
        return ""

    return judge


def pair_of(first: type, second: type) -> "Check":
    """Ask for a list of two, of these types."""
    wanted = "a pair (%s, %s)" % (first.__name__, second.__name__)

    def judge(value: "Any") -> str:
        good = isinstance(value, list) and len(value) == 2
        return "" if good and type(value[0]) is first and type(value[1]) is second else wanted

    return judge


def mapping(value: "Any") -> str:
    """Ask for an object with any keys."""
    return "" if isinstance(value, dict) else "an object"


def keys_of(fields: "Iterable[Field]") -> "tuple[str, ...]":
    """Return the keys of a table, for documentation and for what goes beyond it."""
    return tuple(field.key for field in fields)


def others_of(document: "Mapping[str, Any]", fields: "Iterable[Field]") -> "dict[str, Any]":
    """Return what a document has beside the fields of a table."""
    known = keys_of(fields)
    return {key: document[key] for key in document if key not in known}
