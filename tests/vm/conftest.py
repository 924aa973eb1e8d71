# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures of what needs a kernel with VLANs, bonds, netem, WireGuard and PPP."""

import subprocess

import pytest

from tests.lab.lab_fixtures import build, lab, network
from tests.root import need_root

__all__ = ["build", "lab", "network"]


@pytest.fixture(scope="session", autouse=True)
def kernel() -> None:
    """Fail at once on a kernel that has no VLANs, and say where there is one."""
    need_root()
    subprocess.run(["modprobe", "-aq", "8021q", "bonding", "macvlan", "sch_netem", "wireguard"], check=False)
    made = ["link", "add", "link", "lo", "name", "haven-vm.9", "type", "vlan", "id", "9"]
    if subprocess.run(["ip", *made], capture_output=True, check=False).returncode:
        text = "this kernel has no VLANs; HAVEN_VM names a program that runs a command on one that has"
        pytest.exit(text, returncode=1)
    subprocess.run(["ip", "link", "del", "haven-vm.9"], check=False)
