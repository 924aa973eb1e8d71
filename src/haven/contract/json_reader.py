# SPDX-License-Identifier: GPL-2.0-or-later
"""Read a JSON document with a suspicious eye: every value has its type and its range, or says so."""

from haven.inet import octets_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST = 1 << 62


class DocumentError(Exception):
    """A value is missing or is not what it should be; the text says where."""


class JsonObject:
    """An object of the document; `where` is what a message calls it."""

    def __init__(self, content: "Any", where: str) -> None:
        if not isinstance(content, dict):
            raise DocumentError("%s is not an object" % where)
        self._content = content
        self._where = where

    def wrong(self, key: str, wanted: str) -> DocumentError:
        """Return the exception for a value that is not as wanted."""
        return DocumentError("%s: %s is not %s" % (self._where, key, wanted))

    def has(self, key: str) -> bool:
        """Tell whether there is a value, other than null."""
        return self._content.get(key) is not None

    def _get(self, key: str) -> "Any":
        if key not in self._content:
            raise DocumentError("%s: %s is missing" % (self._where, key))
        return self._content[key]

    def text(self, key: str) -> str:
        """Return a text that is not empty."""
        value = self._get(key)
        if not isinstance(value, str) or not value:
            raise self.wrong(key, "a text")
        return value

    def flag(self, key: str) -> bool:
        """Return true or false."""
        value = self._get(key)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    def number(self, key: str, low: int = 0, high: int = MOST) -> int:
        """Return a whole number of a range."""
        value = self._get(key)
        if not is_number(value, low, high):
            raise self.wrong(key, "a whole number in %d..%d" % (low, high))
        return int(value)

    def choice(self, key: str, choices: "tuple[Any, ...]") -> "Any":
        """Return one of some values."""
        value = self._get(key)
        if isinstance(value, bool) or value not in choices:
            raise self.wrong(key, "one of %s" % ", ".join([str(choice) for choice in choices]))
        return value

    def octets(self, key: str) -> bytes:
        """Return octets written in hexadecimal."""
        try:
            return bytes.fromhex(self.text(key))
        except ValueError:
            raise self.wrong(key, "octets in hexadecimal") from None

    def part(self, key: str) -> "JsonObject":
        """Return an object."""
        return JsonObject(self._get(key), "%s: %s" % (self._where, key))

    def items(self, key: str) -> "list[Any]":
        """Return a list of anything."""
        value = self._get(key)
        if not isinstance(value, list):
            raise self.wrong(key, "a list")
        return value

    def texts(self, key: str) -> "list[str]":
        """Return a list of texts."""
        items = self.items(key)
        if not all(isinstance(item, str) for item in items):
            raise self.wrong(key, "a list of texts")
        return items

    def pairs(self, key: str, first: type, second: type) -> "list[tuple[Any, Any]]":
        """Return a list of pairs of these types."""
        pairs = []
        for item in self.items(key):
            fits = isinstance(item, list) and len(item) == 2
            if not fits or type(item[0]) is not first or type(item[1]) is not second:
                raise self.wrong(key, "a list of pairs (%s, %s)" % (first.__name__, second.__name__))
            pairs.append((item[0], item[1]))
        return pairs

    def parts(self, key: str) -> "list[JsonObject]":
        """Return a list of objects."""
        return [
            JsonObject(item, "%s: %s[%d]" % (self._where, key, index))
            for index, item in enumerate(self.items(key))
        ]

    def address(self, key: str, family: "int | None" = None) -> bytes:
        """Return the octets of an address, of one family or either."""
        return self._address(key, self.text(key), family)

    def addresses(self, key: str, family: int) -> "tuple[bytes, ...]":
        """Return the octets of a list of addresses of one family; prefix lengths are left out."""
        return tuple(self._address(key, text, family) for text in self.texts(key))

    def _address(self, key: str, text: str, family: "int | None") -> bytes:
        try:
            octets = octets_of(text.split("/")[0])
        except (OSError, ValueError):
            raise self.wrong(key, "an address") from None
        if family is not None and len(octets) != (16 if family == 6 else 4):
            raise self.wrong(key, "an IPv%d address" % family)
        return octets


def is_number(value: "Any", low: int, high: int) -> bool:
    """Tell whether a value is a whole number of a range; true and false are not."""
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
