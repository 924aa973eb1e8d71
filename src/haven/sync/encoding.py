# SPDX-License-Identifier: GPL-2.0-or-later
"""Records as JSON, each set of dots once, and back; what comes is checked field by field."""

from typing import Any

from haven.config.uci.document import valid_name
from haven.contract.fields import DocumentError, is_whole
from haven.sync.records import Unit
from haven.sync.section_places import is_place
from haven.sync.versions import Dot, Item, Knowledge, Version

LONGEST_VALUE = 65536
LONGEST_LIST = 20000
MOST_WRITERS = 4096
LONGEST_NAME = 128
LONGEST_PATH = 1024
_CONTROL = {chr(code) for code in range(32)} - set("\t\r\n")
_PACKAGE = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


class DotTable:
    """Sets of dots by their number, in a document that names each of them once.

    What this router's files hold is nobody else's business: only its own, `private` documents say it.
    """

    def __init__(self, private: bool = False) -> None:
        self.private = private
        self.sets: list[tuple[Dot, ...]] = []
        self._numbers: dict[tuple[Dot, ...], int] = {}

    def number(self, dots: "tuple[Dot, ...]") -> int:
        """Return the number of a set."""
        if dots not in self._numbers:
            self._numbers[dots] = len(self.sets)
            self.sets.append(dots)
        return self._numbers[dots]

    def document(self) -> list[Any]:
        """Return all of them."""
        return [[list(dot) for dot in dots] for dots in self.sets]


def item_document(item: Item, table: DotTable) -> list[Any]:
    """Return [value, set of dots, value, set of dots, ...], and 0 at the end of one that is not held."""
    found: list[Any] = []
    for each in item.versions:
        found += [each.value, table.number(each.dots)]
    return [*found, 0] if table.private and not item.held else found


def unit_document(package: str, section: str, unit: Unit, table: DotTable) -> list[Any]:
    """Return [package, id, section, place, [[option, item], ...]], these in their order."""
    options = [[name, item_document(item, table)] for name, item in unit.options.items()]
    return [package, section, item_document(unit.section, table), item_document(unit.place, table), options]


def read_dots(document: Any, known: Knowledge) -> "list[tuple[Dot, ...]]":
    """Return the sets of dots of a document whose writer knows so much. Raises DocumentError."""
    _ask(isinstance(document, list), "dots", "a list")
    found = []
    for each in document:
        _ask(isinstance(each, list) and len(each) <= MOST_WRITERS, "dots", "a list of sets")
        dots = tuple(_read_dot(dot, known) for dot in each)
        _ask(tuple(sorted(set(dots))) == dots, "dots", "in order")
        found.append(dots)
    return found


def read_knowledge(document: Any, where: str) -> Knowledge:
    """Return {writer: number}. Raises DocumentError."""
    _ask(isinstance(document, dict) and len(document) <= MOST_WRITERS, where, "an object of writers")
    for writer, number in document.items():
        _ask(is_writer(writer), where, "an object by writers")
        _ask(is_whole(number, 1), where, "an object of numbers")
    return dict(document)


def read_unit(document: Any, dots: "list[tuple[Dot, ...]]") -> "tuple[str, str, Unit]":
    """Return package, id and unit. Raises DocumentError."""
    _ask(isinstance(document, list) and len(document) == 5, "unit", "a list of five")
    package, section, head, place, options = document
    _ask(is_package(package), "package", "the name of a package")
    _ask(is_section_id(section), package, "a section by its name or mark")
    where = "%s.%s" % (package, section)
    _ask(isinstance(options, list), where, "a section with options")
    items = {}
    for each in options:
        _ask(isinstance(each, list) and len(each) == 2, where, "a section of pairs")
        name, item = each
        _ask(_is_option(name) and name not in items, where, "a section of options by their names")
        items[name] = read_item(item, dots, is_value, "%s.%s" % (where, name))
    heads = read_item(head, dots, lambda value: _is_head(value, section), where)
    return package, section, Unit(heads, read_item(place, dots, is_place, where), items)


def read_item(document: Any, dots: "list[tuple[Dot, ...]]", good: Any, where: str) -> Item:
    """Return an item whose values are good. Raises DocumentError."""
    _ask(isinstance(document, list) and len(document) >= 2, where, "a list of versions")
    held = len(document) % 2 == 0
    _ask(held or document[-1] == 0, where, "a list of versions")
    versions = []
    for at in range(0, len(document) - 1, 2):
        value, number = document[at], document[at + 1]
        _ask(good(value), where, "a good value")
        _ask(is_whole(number, 0, len(dots) - 1), where, "a version with dots")
        _ask(bool(dots[number]), where, "a version with dots")
        versions.append(Version(value, dots[number]))
    return Item(tuple(versions), held)


def is_value(value: Any) -> bool:
    """Tell whether UCI can hold this as an option or a list; None is an option that was taken away."""
    if value is None:
        return True
    if isinstance(value, list):
        return 0 < len(value) <= LONGEST_LIST and all(_is_text(each) for each in value)
    return _is_text(value) and bool(value)


def is_package(value: Any) -> bool:
    """Tell whether this names a file of /etc/config, and none elsewhere."""
    return isinstance(value, str) and 0 < len(value) <= LONGEST_NAME and _PACKAGE.issuperset(value)


def is_section_id(value: Any) -> bool:
    """Tell whether this is a name, or the mark of a section without one."""
    if not isinstance(value, str) or len(value) > LONGEST_NAME:
        return False
    return valid_name(value[1:] if value[:1] == "@" else value)


def is_writer(value: Any) -> bool:
    """Tell whether this is a router's name with the mark of its memory."""
    if not isinstance(value, str) or len(value) > LONGEST_NAME:
        return False
    node, slash, mark = value.rpartition("/")
    return bool(node and slash and mark) and all("!" <= char <= "~" and char != "/" for char in node + mark)


def _read_dot(document: Any, known: Knowledge) -> Dot:
    _ask(isinstance(document, list) and len(document) == 2, "dots", "pairs")
    writer, number = document
    _ask(isinstance(writer, str) and is_whole(number, 1), "dots", "pairs of a writer and a number")
    _ask(number <= known.get(writer, 0), "dots", "what their sender knows")
    return (writer, number)


def _is_head(value: Any, section: str) -> bool:
    if value is None:
        return True
    if not isinstance(value, list) or len(value) != 2 or not all(isinstance(each, str) for each in value):
        return False
    type, name = value
    good = 0 < len(type) <= LONGEST_NAME and min(type) > " " and max(type) < "\x7f"
    return good and name == ("" if section[0] == "@" else section)


def _is_option(name: Any) -> bool:
    if not isinstance(name, str):
        return False
    option, at, node = name.partition("@")
    if not valid_name(option) or len(name) > LONGEST_NAME:
        return False
    return not at or (bool(node) and all("!" <= char <= "~" and char not in "/@" for char in node))


def _is_text(value: Any) -> bool:
    if not isinstance(value, str) or len(value) > LONGEST_VALUE:
        return False
    if value.isascii():
        return value.isprintable() or not _CONTROL.intersection(value)
    # What JSON can say and UTF-8 cannot.
    return not _CONTROL.intersection(value) and not any("\ud800" <= char <= "\udfff" for char in value)


def _ask(good: bool, where: str, wanted: str) -> None:
    if not good:
        raise DocumentError("%s is not %s" % (where, wanted))
