# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/openwrt.md by its own text: every block in a new shell, two routers from their factory state on.

One router at a time is wired to the computer; a change of its address ends the session, as ssh's would.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from haven.config.load import load
from haven.config.model import Model
from haven.inet import text_of
from tests.openwrt.box import Box
from tests.openwrt.page import PAGE, ROOT, Block, blocks

BLOCKS = blocks(PAGE.read_text())
# To the tested failover; what comes behind is for a router that is set up.
WALK = BLOCKS[: 1 + max(at for at, block in enumerate(BLOCKS) if block.heading == "The test")]
LATER = BLOCKS[len(WALK) :]


@pytest.fixture(scope="module", params=["stand-in", "uci"])
def uci(request: pytest.FixtureRequest) -> list[str]:
    """The stand-in, and the real one where it is installed."""
    if request.param == "stand-in":
        return [sys.executable, "-S", str(Path(__file__).parent / "fake_uci.py")]
    if shutil.which("uci") is None:
        pytest.skip("uci is not here: its stand-in alone was tried")
    return [str(shutil.which("uci"))]


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


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, uci: list[str]) -> tuple[Box, Box]:
    """Both routers, by the page alone."""
    folder = tmp_path_factory.mktemp("pair")
    boxes = Box(folder / "r1", uci), Box(folder / "r2", uci)
    for name, box in zip(("r1", "r2"), boxes, strict=True):
        walk(box, name, times=1)
    return boxes


def test_two_routers_from_the_factory_become_a_pair(pair: tuple[Box, Box]):
    first, second = (model(box) for box in pair)
    assert [box.address for box in pair] == ["192.168.1.2", "192.168.1.3"]
    assert (first.main.enabled, first.main.node, second.main.node) == (True, "r1", "r2")
    for mine, others in zip(first.virtual_routers, second.virtual_routers, strict=True):
        assert (mine.name, mine.vrid, mine.group) == (others.name, others.vrid, others.group)
        assert mine.addresses == others.addresses
        assert mine.priority > others.priority
    assert first.conntrack is not None and second.conntrack is not None
    assert first.conntrack.peer_addresses == (second.conntrack.address,)
    assert second.conntrack.peer_addresses == (first.conntrack.address,)
    assert text_of(first.conntrack.address) == "192.168.255.2"
    for box in pair:
        assert box.uncommitted() == []
        network = {name: dict(entries) for _type, name, entries in box.settings()["network"]}
        assert "wan6" not in network and network["sync"]["device"] == "eth2"
        assert network["lan"]["ipaddr"] == f"{box.address}/24"
        # The port of the cable between them was one of the LAN's.
        assert network[""]["ports"] == "eth0"


def test_each_block_can_be_pasted_twice(pair: tuple[Box, Box], tmp_path: Path, uci: list[str]):
    for name, once in zip(("r1", "r2"), pair, strict=True):
        twice = Box(tmp_path / f"{name}-twice", uci)
        walk(twice, name, times=2)
        assert twice.settings() == once.settings()
        assert twice.uncommitted() == []


def test_all_of_it_can_be_done_again(pair: tuple[Box, Box]):
    box = pair[0]
    before = box.settings()
    for block in WALK:
        if "r1" in block.routers and block.where in ("both", "r1"):
            box.session = box.address
            paste(box, block)
    assert box.settings() == before


def test_what_installs_takes_both_packages_and_leaves_the_old_pages(pair: tuple[Box, Box]):
    (installed,) = {line for line in pair[0].record() if line.startswith("opkg install")}
    assert "/haven_1_all.ipk" in installed and "/luci-app-haven_1_all.ipk" in installed
    assert "classic" not in installed


@pytest.mark.parametrize(
    "block", LATER, ids=lambda block: f"{block.heading}: {block.commands.splitlines()[0]}"
)
def test_what_comes_later_can_be_pasted_twice(block: Block, pair: tuple[Box, Box]):
    box = pair[0]
    box.session = box.address
    paste(box, block)
    once = box.settings()
    paste(box, block)
    assert box.settings() == once and box.uncommitted() == []


def test_what_removes_haven_names_first_what_needs_it():
    (words,) = [block.commands.split() for block in BLOCKS if block.commands.startswith("opkg remove")]
    assert words[2:] == ["luci-app-haven", "haven"]
    for name in words[2:-1]:
        assert "\nDepends: haven, " in (ROOT / f"openwrt-feed/{name}/control").read_text()


def test_scripts_of_the_page_are_for_a_group_of_the_page(pair: tuple[Box, Box]):
    box = pair[0]
    groups = {group.name for group in model(box).groups}
    for block in LATER:
        if "hotplug.d" not in block.commands:
            continue
        box.session = box.address
        paste(box, block)
    scripts = sorted((box.root / "etc/hotplug.d/haven").iterdir())
    assert len(scripts) == 2 and len(groups) == 1
    for script in scripts:
        for action in ("active", "backup", "fault"):
            calls = f"ACTION={action} GROUP={groups.copy().pop()} NODE=r1; ubus() {{ echo ubus; }}; "
            text = re.sub(r"\S+/init.d/", "echo ", script.read_text())
            done = subprocess.run(["sh", "-c", calls + text], capture_output=True, text=True, check=True)
            assert done.stdout, f"{script.name} does nothing for the group of the page"
