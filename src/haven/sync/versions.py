# SPDX-License-Identifier: GPL-2.0-or-later
"""Values with their history: who wrote what without having seen what.

Each writing has a dot, (writer, number). A replica's knowledge is a vector {writer: number}: it has seen all
of a writer's dots up to there. So a dot that a replica has seen and no longer holds was superseded, and two
values of which neither replica's supersedes the other's were written without knowledge of each other: a
conflict, unless they are equal. No clock is asked.
"""

from typing import Any

Dot = tuple[str, int]
Knowledge = dict[str, int]


class Version:
    """One of the values that stand; `dots` are of all who wrote it."""

    __slots__ = ("dots", "value")

    def __init__(self, value: Any, dots: "tuple[Dot, ...]") -> None:
        self.value = value
        self.dots = dots

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self.value == other.value and self.dots == other.dots

    def __hash__(self) -> int:
        return hash(self.dots)

    def __repr__(self) -> str:
        return "Version(%r, %r)" % (self.value, self.dots)

    @property
    def nodes(self) -> list[str]:
        """Name the routers that wrote it."""
        return sorted({node_of(writer) for writer, _number in self.dots})


class Item:
    """The versions of one thing that stand: several are a conflict.

    The first is what the file has, if the item is `held`: one that is local here, or whose section is not
    here, is only passed on.
    """

    __slots__ = ("held", "versions")

    def __init__(self, versions: "tuple[Version, ...]", held: bool = True) -> None:
        self.versions = versions
        self.held = held

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Item) and self.versions == other.versions and self.held == other.held

    def __hash__(self) -> int:
        return hash(self.versions)

    def __repr__(self) -> str:
        return "Item(%r, %r)" % (self.versions, self.held)

    @property
    def value(self) -> Any:
        """The value of the first version."""
        return self.versions[0].value

    @property
    def conflict(self) -> bool:
        """Whether somebody has to decide."""
        return len(self.versions) > 1


def node_of(writer: str) -> str:
    """Return the router that a writer is: it writes under a new name when it has lost its memory."""
    return writer.rpartition("/")[0]


def seen(knowledge: Knowledge, dot: Dot) -> bool:
    """Tell whether a dot is among what is known."""
    return dot[1] <= knowledge.get(dot[0], 0)


def covers(knowledge: Knowledge, other: Knowledge) -> bool:
    """Tell whether one knows all that the other does."""
    return all(knowledge.get(writer, 0) >= number for writer, number in other.items())


def joined(one: Knowledge, other: Knowledge) -> Knowledge:
    """Return what the two know together."""
    return {writer: max(one.get(writer, 0), other.get(writer, 0)) for writer in sorted({*one, *other})}


def written(item: "Item | None", value: Any, dot: Dot) -> Item:
    """Return the item after a writing, which takes the place of the first version.

    Another's version of a conflict stays until it is settled; who writes in a file need not know of it.
    """
    others = (
        item.versions[1:] if item is not None and item.held else item.versions if item is not None else ()
    )
    same = [each for each in others if each.value == value]
    dots = tuple(sorted({dot, *(dot for each in same for dot in each.dots)}))
    rest = tuple(each for each in others if each.value != value)
    return Item((Version(value, dots), *rest))


def merged(
    ours: "Item | None", theirs: "Item | None", we_know: Knowledge, they_know: Knowledge
) -> "Item | None":
    """Return what stands of two replicas' versions; None when nothing does."""
    kept = _unseen(ours, theirs, they_know)
    taken = _unseen(theirs, ours, we_know)
    found: dict[str, tuple[Any, set[Dot]]] = {}
    # Ours comes first as long as it stands: a file does not change by a conflict. Then what theirs has.
    first_stands = bool(kept and ours is not None and kept[0][0] == ours.value)
    for value, dots in kept + taken if first_stands else taken + kept:
        found.setdefault(repr(value), (value, set()))[1].update(dots)
    if not found:
        return None
    versions = tuple(Version(value, tuple(sorted(dots))) for value, dots in found.values())
    return Item(versions, ours.held if ours is not None else True)


def _unseen(
    item: "Item | None", others: "Item | None", they_know: Knowledge
) -> "list[tuple[Any, tuple[Dot, ...]]]":
    """Return the versions that the other side has as well, or knows nothing of."""
    theirs = {dot for each in others.versions for dot in each.dots} if others is not None else set()
    found = []
    for each in item.versions if item is not None else ():
        dots = tuple(dot for dot in each.dots if dot in theirs or not seen(they_know, dot))
        if dots:
            found.append((each.value, dots))
    return found
