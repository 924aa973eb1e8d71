# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel without this or that: each lack is named, and the rest works.

Modules that nobody has loaded stay away, as they do where they are not installed; so these run on a kernel
that has just been started. IPv6 is away where the kernel was started with ipv6.disable=1.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.agent_node import AgentNode
from tests.lab.haven_node import HavenNode
from tests.lab.wait import wait_until
from tests.machines.page import note
from tests.vm.alone import Alone

LOADER = Path("/proc/sys/kernel/modprobe")
HAS_IPV6 = Path("/proc/net/if_inet6").exists()
READ_ONLY = 'mount --bind /proc/sys /proc/sys && mount -o remount,ro,bind /proc/sys && exec "$@"'


class InContainer(HavenNode):
    """A node that cannot write kernel settings."""

    def command(self) -> list[str]:
        """Start havend where /proc/sys can only be read; `ip netns exec` has given it mounts of its own."""
        return ["sh", "-c", READ_ONLY, "sh", *super().command()]


@pytest.fixture
def alone(lab: None) -> Iterator[Alone]:
    """A router on a kernel that loads no modules."""
    made, before = Alone(), LOADER.read_text()
    LOADER.write_text("/bin/false\n")
    yield made
    LOADER.write_text(before)
    made.delete()


def _lacks(module: str) -> None:
    if Path("/sys/module", module).exists():
        pytest.fail(f"this kernel has {module}: start one of its own for these tests", pytrace=False)


def _told(node: HavenNode, code: str) -> str:
    node.start().wait_state("active", 60)
    found = wait_until(lambda: [each for each in node.problems() if each["code"] == code], 60, code)
    told = found[0]
    return str(told["facts"]["diagnostic"]["message"] if "diagnostic" in told["facts"] else told["message"])


def test_without_macvlan(alone: Alone) -> None:
    _lacks("macvlan")
    node = HavenNode(alone, "r1", virtual_mac=True)
    said = _told(node, "kernel-lacks")
    assert "no macvlan" in said and node.holds()
    note("lacks", ["macvlan", said, "the virtual addresses, at the MAC address of the device"])


def test_without_nf_tables(alone: Alone) -> None:
    _lacks("nf_tables")
    node = HavenNode(alone, "r1", accept=False)
    said = _told(node, "setup-failed")
    assert "no nf_tables" in said and node.holds()
    note(
        "lacks", ["nf_tables", said, "all; the router answers at its virtual addresses, though accept is off"]
    )


def test_without_connection_tracking(alone: Alone) -> None:
    _lacks("nf_conntrack_netlink")
    node = AgentNode(alone, "r1")
    node.sync_peers = ("10.99.0.3",)
    node.configure()
    said = _told(node, "conntrack-no-kernel")
    assert node.holds()
    note("lacks", ["connection tracking", said, "all but connections, which do not survive a takeover"])


def test_settings_that_can_only_be_read(alone: Alone) -> None:
    # The last of these: the settings are those of a virtual MAC address.
    subprocess.run(["modprobe", "macvlan"], check=True)
    node = InContainer(alone, "r1", virtual_mac=True)
    said = _told(node, "settings-refused")
    assert node.holds()
    what = "all; hosts may hold the router's own MAC address"
    note("lacks", ["a /proc/sys that can be written", said, what])


if not HAS_IPV6:

    def test_without_ipv6(alone: Alone) -> None:
        node = HavenNode(alone, "r1", families=(4, 6))
        said = _told(node, "kernel-lacks")
        assert "no IPv6" in said and node.holds("10.77.0.1", "198.51.100.1")
        note("lacks", ["IPv6", said, "IPv4"])
