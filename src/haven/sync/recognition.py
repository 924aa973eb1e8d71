# SPDX-License-Identifier: GPL-2.0-or-later
"""Which section of a file is which of the last look: by name, else by what it is.

A section without a name is the one that was just the same; else one with the same natural key, in their
order; else the one that it has most in common with, if that is most of it. What is left is new: it is marked
by its natural key or its content, so that the same section, added on two routers, is one.
"""

from collections.abc import Iterable
from hashlib import blake2b

from haven.config.uci.package import PackageSection, Value
from haven.sync.table import natural_key

# Of all options of both, so much is the same in a section that was changed.
_MOSTLY = 0.5
_MOSTLY_WITH_OTHER_KEY = 0.66
# Who replaces hundreds of sections at once has made new ones.
_MOST_COMPARED = 40000

Options = dict[str, Value]


class Known:
    """A section of the last look: its mark or name, its type, its shared options."""

    __slots__ = ("id", "options", "type")

    def __init__(self, id: str, type: str, options: Options) -> None:
        self.id = id
        self.type = type
        self.options = options


def recognise(
    package: str, known: "Iterable[Known]", found: "list[tuple[PackageSection, Options]]", taken: "set[str]"
) -> list[str]:
    """Return the id of each section found, given with its shared options; `taken` are ids that live."""
    ids = [section.name for section, _options in found]
    types: dict[str, tuple[list[Known], list[int]]] = {}
    for each in known:
        if each.id[0] == "@":
            types.setdefault(each.type, ([], []))[0].append(each)
    for at, (section, _options) in enumerate(found):
        if not section.name:
            types.setdefault(section.type, ([], []))[1].append(at)
    for type, (olds, places) in types.items():
        if places:
            _recognise_type(_Matching(package, type, olds, [(at, found[at][1]) for at in places], ids))
    used = taken.union(ids)
    for at, (section, options) in enumerate(found):
        if not ids[at]:
            ids[at] = _new_mark(package, section.type, options, used)
            used.add(ids[at])
    return ids


class _Matching:
    """The sections of one type that are still to be paired."""

    def __init__(
        self, package: str, type: str, olds: "list[Known]", news: "list[tuple[int, Options]]", ids: list[str]
    ) -> None:
        self.key = natural_key(package, type)
        self.olds = olds
        self.news = news
        self.ids = ids

    def pair_by(self, old_keys: "list[object]", new_keys: "list[object]") -> None:
        """Pair those whose keys are equal, in their order; None is no key."""
        waiting: dict[object, list[Known]] = {}
        for old, key in zip(self.olds, old_keys, strict=True):
            if key is not None:
                waiting.setdefault(key, []).append(old)
        left, paired = [], set()
        for new, key in zip(self.news, new_keys, strict=True):
            same = waiting.get(key) if key is not None else None
            if same:
                old = same.pop(0)
                self.ids[new[0]] = old.id
                paired.add(old.id)
            else:
                left.append(new)
        self.news = left
        self.olds = [old for old in self.olds if old.id not in paired]


def _recognise_type(matching: _Matching) -> None:
    for key_of in (_content, lambda options: _key_values(matching.key, options)):
        matching.pair_by(
            [key_of(old.options) for old in matching.olds],
            [key_of(options) for _at, options in matching.news],
        )
    _pair_most_equal(matching)


def _pair_most_equal(matching: _Matching) -> None:
    if len(matching.olds) * len(matching.news) > _MOST_COMPARED:
        return
    pairs = []
    for old in matching.olds:
        for at, options in matching.news:
            likeness = _likeness(old.options, options)
            # One of another name is more likely another one.
            other = _key_values(matching.key, options) is not None
            if likeness >= (_MOSTLY_WITH_OTHER_KEY if other else _MOSTLY):
                pairs.append((-likeness, at, old.id))
    used: set[object] = set()
    for _likeness_below, at, id in sorted(pairs):
        if at not in used and id not in used:
            matching.ids[at] = id
            used.update((at, id))


def _likeness(one: Options, other: Options) -> float:
    everything = one.keys() | other.keys()
    same = sum(1 for name in one if one[name] == other.get(name))
    return same / len(everything) if everything else 1


def _content(options: Options) -> object:
    return tuple(sorted((name, repr(value)) for name, value in options.items()))


def _key_values(key: "tuple[str, ...] | None", options: Options) -> object:
    if key is None or (key and not any(name in options for name in key)):
        return None
    return tuple(repr(options.get(name)) for name in key)


def _new_mark(package: str, type: str, options: Options, used: "set[str]") -> str:
    known_by = _key_values(natural_key(package, type), options)
    what = repr((package, type, _content(options) if known_by is None else known_by))
    mark = "@" + blake2b(what.encode("utf-8", "replace"), digest_size=6).hexdigest()
    number = 0
    while "%s_%d" % (mark, number) in used:
        number += 1
    return "%s_%d" % (mark, number)
