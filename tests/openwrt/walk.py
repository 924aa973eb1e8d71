# SPDX-License-Identifier: GPL-2.0-or-later
"""The walk-through of docs/openwrt.md, and what else the pages have to paste: which blocks, and how."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from haven.config.load import load
from haven.config.model import Model
from tests.openwrt.box import Box
from tests.openwrt.page import PAGE, ROOT, Block, blocks

BLOCKS = blocks(PAGE.read_text())
# To the tested failover; what comes behind is for a router that is set up.
WALK = BLOCKS[: 1 + max(at for at, block in enumerate(BLOCKS) if block.heading == "The test")]
LATER = BLOCKS[len(WALK) :]
# What is indented on these pages is commands; other text stands in fences.
USERS = ("faq", "glossary", "keepalived", "networks", "size", "symptoms", "tried")
OTHER_PAGES = [
    ROOT / name for name in ("README.md", "CONTRIBUTING.md", *(f"docs/{page}.md" for page in USERS))
]


def paste(box: Box, block: Block) -> subprocess.CompletedProcess:
    """Paste a block where the page says; nothing of it may complain."""
    on_computer = block.where == "the computer"
    done = box.paste_on_computer(block.commands) if on_computer else box.paste(block.commands)
    assert (done.returncode, done.stderr) == (0, ""), f"{block.commands}\n{done.stdout}{done.stderr}"
    return done


def walk(box: Box, name: str, times: int) -> None:
    """Follow the walk-through for one router; each block is pasted so many times."""
    for block in WALK:
        if name in block.routers:
            for _ in range(times):
                if block.commands.splitlines()[-1] == "service network reload" and box.session != box.address:
                    # Whoever pastes this again has logged in again.
                    box.session = box.address
                paste(box, block)


def model(box: Box) -> Model:
    """Read what haven would run."""
    found, problems = load(box.root / "etc/config/haven")
    assert found is not None, problems
    assert not found.warnings
    return found


def topics() -> list[tuple[str, list[Block]]]:
    """Return what there is to paste for a router that is set up; the blocks of a heading belong together."""
    found: dict[str, list[Block]] = {}
    others = [(path, blocks(path.read_text())) for path in OTHER_PAGES]
    for path, each in [(PAGE, LATER), *others]:
        for block in each:
            found.setdefault(f"{path.stem}: {block.heading}", []).append(block)
    return list(found.items())


@contextmanager
def put_back(box: Box) -> Iterator[None]:
    """Leave a router's files as they were."""
    aside = box.root.with_name("aside")
    for folder in ("etc", "tmp"):
        shutil.copytree(box.root / folder, aside / folder)
    address = box.address
    try:
        yield
    finally:
        for folder in ("etc", "tmp"):
            shutil.rmtree(box.root / folder)
            shutil.copytree(aside / folder, box.root / folder)
        shutil.rmtree(aside)
        Path(box.root / "address").write_text(f"{address}\n")
