# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory is short and the flash is slow: what havend has once read it need not read again."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.haven_node import HavenNode
from tests.lab.network import Network
from tests.machines.page import note
from tests.vm.slow_flash import on_flash, slow_flash
from tests.vm.test_links import takeovers

pytestmark = pytest.mark.usefixtures("kernel", "filters")
LIMIT, DELAY_MS, TIMES = 40 << 20, 30, 10
# Takes all that the group may have, and is killed.
HOG = "taken = []\nwhile True: taken.append(bytearray(1 << 20))"


@pytest.fixture
def flash_node(short: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[type[HavenNode]]:
    """A kind of node on slow flash, in little memory."""
    (short / "memory.max").write_text(str(LIMIT))
    with slow_flash(tmp_path_factory.mktemp("flash"), DELAY_MS) as root:
        yield on_flash(root, short)


def _press(group: Path) -> None:
    """Take all memory of a group, again and again."""
    join = f'echo $$ >{group}/cgroup.procs; exec "$@"'
    for _ in range(TIMES):
        subprocess.run(["sh", "-c", join, "sh", sys.executable, "-c", HOG], check=False)


def test_an_active_whose_memory_is_wanted_by_others_goes_on_in_time(
    flash_node: type[HavenNode], network: Network, short: Path
) -> None:
    first = flash_node(network, "r1", priority=200, interval_ms=100)
    second = HavenNode(network, "r2", priority=100, interval_ms=100)
    first.start().wait_state("active", 60)
    second.start().wait_state("backup")
    before, capture = takeovers(second), network.capture("lan")
    _press(short)
    causeless = takeovers(second) - before
    note("flash", ["the Active", str(causeless), f"{capture.longest_gap_ns(first.name) / 1e6:.0f} ms"])
    assert causeless == 0


def test_a_standby_whose_memory_is_wanted_by_others_leaves_a_living_active_alone(
    flash_node: type[HavenNode], network: Network, short: Path
) -> None:
    first = HavenNode(network, "r1", priority=200, interval_ms=100)
    second = flash_node(network, "r2", priority=100, interval_ms=100)
    first.start().wait_state("active", 60)
    second.start().wait_state("backup")
    _press(short)
    note("flash", ["the standby", str(takeovers(second)), ""])
    assert takeovers(second) == 0
    network.power_cut("r1")
    second.wait_state("active")
