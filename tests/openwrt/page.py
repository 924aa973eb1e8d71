# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands of docs/openwrt.md as text: a block of indented lines each, and where it is to be pasted."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/openwrt.md"
# **On r1:** before a block; without it the block is for any router.
PLACE = re.compile(r"\*\*On (the computer|both|r1|r2)(?:, for (r1|r2))?:\*\*")


class Block(NamedTuple):
    """A block, the heading that it stands under, where it is pasted, and for which routers."""

    heading: str
    where: str
    routers: tuple[str, ...]
    commands: str


def blocks(text: str) -> list[Block]:
    """Return the blocks of a page in their order."""
    found, heading, place = [], "", ("", "")
    for paragraph in re.split(r"\n\n(?! {4})", text):
        words, _, code = paragraph.partition("\n\n    ")
        if words[:1] == "#":
            heading = words.lstrip("# ")
        marks = PLACE.findall(words)
        place = marks[-1] if marks else ("", "")
        if code:
            found.append(_block(heading, *place, code))
    return found


def _block(heading: str, where: str, router: str, code: str) -> Block:
    only = router or (where if where in ("r1", "r2") else "")
    lines = "\n".join(line.removeprefix("    ") for line in code.splitlines())
    return Block(heading, where, (only,) if only else ("r1", "r2"), lines + "\n")
