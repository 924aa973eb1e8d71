# SPDX-License-Identifier: GPL-2.0-or-later
"""A second, slow account of who wrote what without having seen what: sets of writings instead of vectors."""

from typing import Any

Key = tuple[str, ...]


class Writing:
    """A value that one router gave to one thing, in the place of the writings it saw there."""

    def __init__(self, value: Any, instead_of: "frozenset[Writing]") -> None:
        self.value = value
        self.instead_of = instead_of


class Account:
    """All writings that a router has seen, by what they are about.

    Keys are ("option", package, section, option), ("section", package, section) and ("file", path).
    """

    def __init__(self) -> None:
        self.seen: dict[Key, set[Writing]] = {}
        self.own: dict[Key, Any] = {}

    def standing(self, key: Key) -> list[Writing]:
        """Return the writings that nobody has written over."""
        seen = self.seen.get(key, set())
        over = {each for writing in seen for each in writing.instead_of}
        return [each for each in seen if each not in over]

    def values(self, key: Key) -> list[Any]:
        """Return the values that stand; several are a conflict."""
        found: list[Any] = []
        for each in self.standing(key):
            if each.value not in found:
                found.append(each.value)
        return found

    def has(self, key: Key, value: Any) -> None:
        """Note which of several values that stand a router's file has."""
        if key in self.seen:
            assert value in self.values(key), key
            self.own[key] = value

    def write(self, key: Key, value: Any, over: bool = True) -> None:
        """Write in the place of what this router has; of a conflict, the others' values stay."""
        mine = self.own.get(key)
        instead = [each for each in self.standing(key) if over and each.value == mine]
        self.seen.setdefault(key, set()).add(Writing(value, frozenset(instead)))
        self.own[key] = value

    def touch(self, package: str, section: str) -> None:
        """A section counts as written when anything in it is."""
        self.write(("section", package, section), self.own[("section", package, section)])

    def remove(self, package: str, section: str) -> None:
        """Remove a section; what is in conflict in it is not removed unseen."""
        inner = [key for key in self.seen if key[:3] == ("option", package, section)]
        disputed = any(len(self.values(key)) > 1 for key in inner)
        self.write(("section", package, section), None, over=not disputed)

    def add(self, package: str, section: str, options: "dict[str, Any]") -> None:
        """Make a section; of one that was removed nothing is left."""
        anew = self.values(("section", package, section)) == [None]
        self.write(("section", package, section), "there")
        for key in list(self.seen):
            if anew and key[:3] == ("option", package, section):
                self.write_over_all(key, options.get(key[3]))
        for option, value in options.items():
            if self.own.get(("option", package, section, option)) != value:
                self.write(("option", package, section, option), value)

    def write_over_all(self, key: Key, value: Any) -> None:
        """Write in the place of all that stands."""
        if self.values(key) != [value]:
            self.seen[key].add(Writing(value, frozenset(self.standing(key))))
        self.own[key] = value

    def hear(self, other: "Account") -> None:
        """See all that another has seen."""
        for key, writings in other.seen.items():
            self.seen.setdefault(key, set()).update(writings)
        for key in self.seen:
            values = self.values(key)
            if len(values) == 1 or self.own.get(key) not in values:
                self.own[key] = values[0] if len(values) == 1 else other.own.get(key)

    def conflicts(self) -> set[Key]:
        """Return what somebody has to decide on: in a section, only if that itself is not disputed."""
        found = {key for key in self.seen if len(self.values(key)) > 1}
        return {
            key
            for key in found
            if key[0] != "option"
            or self.values(("section", *key[1:3])) not in ([None],)
            and len(self.values(("section", *key[1:3]))) == 1
        }
