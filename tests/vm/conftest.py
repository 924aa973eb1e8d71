# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures of what needs a kernel with VLANs, bonds, netem, WireGuard and PPP."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.lab_fixtures import build, lab, network
from tests.lab.wait import wait_until
from tests.root import need_root
from tests.vm import old_filters

__all__ = ["build", "lab", "network"]
MODULES = ("8021q", "bonding", "macvlan", "sch_netem", "wireguard")
# lo carries no VLANs, on any kernel.
NEEDED = ("haven-vm type bridge vlan_filtering 1", "link haven-vm name haven-vm.9 type vlan id 9")
MEMORY = 48 << 20
TEXT = "this kernel has no VLANs; HAVEN_VM=tests/machines/kernel.sh runs the tests on one that has"


@pytest.fixture
def short(tmp_path: Path) -> Iterator[Path]:
    """A control group that has little memory."""
    subprocess.run(["mount", "-t", "cgroup2", "none", tmp_path], check=True)
    (tmp_path / "cgroup.subtree_control").write_text("+memory")
    group = tmp_path / "haven-short"
    group.mkdir()
    (group / "memory.max").write_text(str(MEMORY))
    yield group
    (group / "cgroup.kill").write_text("1")
    wait_until(lambda: not (group / "cgroup.procs").read_text(), 20, "all of it is gone")
    group.rmdir()
    subprocess.run(["umount", tmp_path], check=True)


@pytest.fixture
def filters() -> Iterator[None]:
    """Let routers have their rules on any kernel."""
    with old_filters.where_needed():
        yield


@pytest.fixture(scope="session")
def kernel() -> None:
    """Fail at once on a kernel that has no VLANs, and say where there is one."""
    need_root()
    for module in MODULES:
        subprocess.run(["modprobe", "-q", module], check=False)
    done = [subprocess.run(["ip", "link", "add", *words.split()], check=False) for words in NEEDED]
    subprocess.run(["ip", "link", "del", "haven-vm"], capture_output=True, check=False)
    if any(each.returncode for each in done):
        pytest.exit(TEXT, returncode=1)
