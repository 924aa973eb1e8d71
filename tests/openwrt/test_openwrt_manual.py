# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/openwrt.md by its own text: every block in a new shell, two routers from their factory state on.

One router at a time is wired to the computer; a change of its address ends the session, as ssh's would.
"""

import re
import subprocess
from pathlib import Path

import pytest

from haven.inet import text_of
from tests.openwrt.box import Box
from tests.openwrt.page import ROOT
from tests.openwrt.walk import BLOCKS, WALK, model, paste, put_back, topics, walk

TOPICS = topics()


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


@pytest.mark.parametrize("name", [name for name, _ in TOPICS])
def test_what_the_pages_have_to_paste_can_be_pasted_twice(name: str, pair: tuple[Box, Box]):
    box, topic = pair[0], dict(TOPICS)[name]
    with put_back(box):
        ends = []
        for _ in range(2):
            for block in topic:
                box.session = box.address
                paste(box, block)
            ends.append(box.settings())
        assert ends[0] == ends[1] and box.uncommitted() == []
        if "haven" in ends[0]:
            model(box)


def test_what_removes_haven_names_first_what_needs_it():
    (words,) = [block.commands.split() for block in BLOCKS if block.commands.startswith("opkg remove")]
    assert words[2:] == ["luci-app-haven", "haven"]
    for name in words[2:-1]:
        assert "\nDepends: haven, " in (ROOT / f"openwrt-feed/{name}/control").read_text()


def test_scripts_of_the_pages_are_for_a_group_of_the_walk_through(pair: tuple[Box, Box]):
    box = pair[0]
    (group,) = {group.name for group in model(box).groups}
    scripts = [block for _, topic in TOPICS for block in topic if "hotplug.d" in block.commands]
    with put_back(box):
        for block in scripts:
            box.session = box.address
            paste(box, block)
        found = sorted((box.root / "etc/hotplug.d/haven").iterdir())
        assert len(found) == len(scripts) > 0
        for script, action in (
            (script, action) for script in found for action in ("active", "backup", "fault")
        ):
            assert _what_it_does(script, group, action), (
                f"{script.name} does nothing for the group of the page"
            )


def _what_it_does(script: Path, group: str, action: str) -> str:
    said = "".join(f"{name}() {{ echo {name}; }}; " for name in ("ubus", "ifup", "ifdown"))
    text = re.sub(r"\S+/init.d/", "echo ", script.read_text())
    calls = f"ACTION={action} GROUP={group} NODE=r1; {said}{text}"
    return subprocess.run(["sh", "-c", calls], capture_output=True, text=True, check=True).stdout
