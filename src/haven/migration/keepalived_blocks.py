# SPDX-License-Identifier: GPL-2.0-or-later
"""keepalived.conf and conntrackd.conf as a tree: a line of words, with or without a block behind it."""

from collections.abc import Iterable, Iterator

from haven.config.spelling import visible
from haven.migration.keepalived_lines import ConfLine
from haven.migration.keepalived_words import split_at_braces, words_of
from haven.migration.origin import Origin, SourceError

DEEPEST_BLOCK = 32


class Block:
    """A line of words; `written` is the line as it stands, `body` the block behind it, if there is one."""

    __slots__ = ("body", "place", "words", "written")

    def __init__(self, words: list[str], place: Origin, text: str = "") -> None:
        self.words = words
        self.place = place
        self.written = text or " ".join(words)
        self.body: list[Block] | None = None

    @property
    def keyword(self) -> str:
        """The first word."""
        return self.words[0]

    @property
    def name(self) -> str:
        """The word after the keyword, empty where there is none."""
        return self.words[1] if len(self.words) > 1 else ""

    @property
    def items(self) -> "list[Block]":
        """The lines of its block."""
        return self.body or []

    def each(self, keyword: str) -> "Iterator[Block]":
        """Give the lines of its block that begin with a keyword."""
        return (item for item in self.items if item.keyword == keyword)

    def listed(self) -> Iterator[tuple[str, Origin]]:
        """Give every word in its block, and where it stands."""
        for item in self.items:
            for word in item.words:
                yield word, item.place


def tree(lines: Iterable[ConfLine], file: str) -> Block:
    """Return the blocks of a file as the body of one. Raises SourceError where the braces do not fit."""
    root = Block([""], Origin(file))
    root.body = []
    open_blocks = [root]
    for line in lines:
        if "{{" in line.text or "{%" in line.text:
            raise SourceError("template", line.place, text=visible(line.text))
        for part in split_at_braces(line.text):
            _take(part, line.place, open_blocks)
    if len(open_blocks) > 1:
        raise SourceError("block-open", open_blocks[-1].place, name=_shown(open_blocks[-1]))
    return root


def _take(part: str, place: Origin, open_blocks: list[Block]) -> None:
    items = open_blocks[-1].items
    if part == "{":
        _open(items[-1] if items else None, place, open_blocks)
    elif part == "}":
        if len(open_blocks) == 1:
            raise SourceError("brace-extra", place)
        open_blocks.pop()
    elif open_blocks[-1].body is not None:
        words = words_of(part)
        if words:
            open_blocks[-1].body.append(Block(words, place, part))


def _open(block: Block | None, place: Origin, open_blocks: list[Block]) -> None:
    if block is None or block.body is not None:
        raise SourceError("brace-nameless", place)
    if len(open_blocks) >= DEEPEST_BLOCK:
        raise SourceError("blocks-deep", place, most=DEEPEST_BLOCK)
    block.body = []
    open_blocks.append(block)


def _shown(block: Block) -> str:
    return visible(" ".join(block.words[:2]))
