# SPDX-License-Identifier: GPL-2.0-or-later
"""What a replica knows of each section and of each file, and how two replicas' knowledge becomes one."""

from collections.abc import Iterable

from haven.sync.section_places import FOUND
from haven.sync.versions import Dot, Item, Knowledge, Version, merged, written


class Unit:
    """A section: that it is there (its [type, name], or None), its place among its type, its options.

    Whoever changes anything in it writes `section` anew, too, so that one who removes it meanwhile makes a
    conflict. What a router tells of a local option is called OPTION@NODE among the options.
    """

    __slots__ = ("options", "place", "section")

    def __init__(self, section: Item, place: Item, options: "dict[str, Item] | None" = None) -> None:
        self.section = section
        self.place = place
        self.options: dict[str, Item] = options if options is not None else {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unit) and self._content() == other._content()

    def __hash__(self) -> int:
        return hash(self.section)

    def __repr__(self) -> str:
        return "Unit%r" % (self._content(),)

    def _content(self) -> "tuple[Item, Item, dict[str, Item]]":
        return (self.section, self.place, self.options)

    @property
    def present(self) -> bool:
        """Whether the file of this router has it."""
        return self.section.held and self.section.value is not None

    @property
    def lives(self) -> bool:
        """Whether any router has it, for all that is known."""
        return any(each.value is not None for each in self.section.versions)

    @property
    def where(self) -> str:
        """Its place among its type."""
        return str(self.place.value).removesuffix(FOUND)

    @property
    def type(self) -> str:
        """Its type, '' when it is gone everywhere."""
        return str(self._head()[0])

    @property
    def name(self) -> str:
        """Its name, '' without one."""
        return str(self._head()[1])

    @property
    def conflict(self) -> bool:
        """Whether somebody has to decide on anything in it."""
        return any(item.conflict for item in self.items())

    def items(self) -> Iterable[Item]:
        """Return all there is to know of it."""
        return [self.section, self.place, *self.options.values()]

    def copy(self) -> "Unit":
        """Return one that can be changed by itself."""
        return Unit(self.section, self.place, dict(self.options))

    def touch(self, dot: Dot) -> None:
        """Note that something in it was written."""
        self.section = written(self.section, self.section.value, dot)

    def _head(self) -> "list[str]":
        living = [each.value for each in self.section.versions if each.value is not None]
        return living[0] if living else ["", ""]


def gone(unit: Unit, dot: Dot) -> Unit:
    """Return what is known of a section that was removed from the file.

    Its options are still known: another router may have changed one meanwhile, and want it back.
    """
    section = written(unit.section, None, dot)
    if any(item.conflict for item in (unit.place, *unit.options.values())):
        # Others have versions that nobody has decided on: they are not removed unseen.
        section = Item((*section.versions, unit.section.versions[0]))
    return Unit(section, unit.place, with_hold(unit.options, False))


def with_hold(options: "dict[str, Item]", held: bool) -> "dict[str, Item]":
    """Return options as those that a file has, or has not."""
    return {name: Item(item.versions, held) for name, item in options.items()}


def merged_units(
    ours: "Unit | None", theirs: Unit, we_know: Knowledge, they_know: Knowledge
) -> "Unit | None":
    """Return what stands of a section; None when it was forgotten here after it had gone."""
    if ours is None:
        return theirs.copy() if merged(None, theirs.section, we_know, they_know) is not None else None
    section = merged(ours.section, theirs.section, we_know, they_know)
    if section is None:
        return None
    options = {}
    for name in {**ours.options, **theirs.options}:
        item = merged(ours.options.get(name), theirs.options.get(name), we_know, they_know)
        if item is not None:
            options[name] = item
    return Unit(section, _merged_places(ours.place, theirs.place, we_know, they_know), options)


def _merged_places(ours: Item, theirs: Item, we_know: Knowledge, they_know: Knowledge) -> Item:
    """Return the place that was chosen; of those where a section was only found, the smallest.

    The smallest keeps any two sections in the order that both routers have them in.
    """
    both = merged(ours, theirs, we_know, they_know) or ours
    chosen = tuple(each for each in both.versions if not each.value.endswith(FOUND))
    if chosen or not both.conflict:
        return Item(chosen or both.versions, both.held)
    dots = tuple(sorted({dot for each in both.versions for dot in each.dots}))
    return Item((Version(min(each.value for each in both.versions), dots),), both.held)
