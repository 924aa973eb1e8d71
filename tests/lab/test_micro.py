# SPDX-License-Identifier: GPL-2.0-or-later
"""A pair of one router on CPython and one on MicroPython: whatever happens, it is as with two of one kind."""

import os
import tempfile
from pathlib import Path

import pytest

from haven.contract.plan import LONGEST
from tests.lab import network as lab
from tests.lab.haven_node import HavenNode, Refused
from tests.lab.micro_node import MicroNode, PlannedNode, mixed
from tests.lab.network import Network
from tests.lab.outage import check_outage
from tests.lab.pair import pair, wait_one_holder, wait_seldom
from tests.lab.signed_pair import KEY, verified
from tests.lab.wait import holds_for, wait_until

INTERVAL_MS = 100
# A havend that is killed is missed after 3.6 of them, and begins anew sooner on any machine.
SELDOM_MS = 4000
BOTH_SIDES = (lab.GATEWAY, lab.GATEWAY6, lab.UPLINK)
MORE = "10.77.0.9"

# The Active, then the Backup is the one on MicroPython.
either = pytest.mark.parametrize("micro", ["r1", "r2"])


def both(network: Network, micro: str) -> tuple[HavenNode, HavenNode]:
    return pair(mixed(micro), network, families=(4, 6), interval_ms=INTERVAL_MS)


def test_power_cut_at_the_default_interval(network: Network) -> None:
    _first, second = pair(mixed("r2"), network, families=(4, 6))
    wait_until(lambda: second.group()["detection"]["by"] == "heartbeat", 20, "r2 trusts the path")
    probe = network.probe()
    probe.wait_service()
    network.power_cut("r1")
    second.wait_state("active")
    probe.wait_service()
    check_outage(probe.stop())
    assert second.holds(*BOTH_SIDES)


@either
def test_whoever_is_asked_hands_over_unnoticed(network: Network, micro: str) -> None:
    first, second = both(network, micro)
    probe = network.probe()
    probe.wait_service()
    for giver, taker in ((first, second), (second, first)):
        giver.ask("switchover", group="gateway")
        taker.wait_state("active")
        giver.wait_state("backup")
    first.ask("maintenance", on=True)
    second.wait_state("active")
    first.wait_state("maintenance")
    first.ask("maintenance", on=False)
    first.wait_state("backup")
    assert second.stop() == 0
    first.wait_state("active")
    assert second.holds_none()
    second.start().wait_state("backup")
    wait_one_holder(network, "r1", *BOTH_SIDES)
    check_outage(probe.stop())


@either
def test_reload_moves_nothing(network: Network, micro: str) -> None:
    nodes = both(network, micro)
    probe = network.probe()
    probe.wait_service()
    for node in nodes:
        text = node.config_path.read_text()
        address = f"{lab.GATEWAY}/24'"
        node.config_path.write_text(text.replace(address, f"{address}\n\tlist address '{MORE}/24'"))
        node.cli("reload")
    wait_one_holder(network, "r1", MORE, *BOTH_SIDES)
    assert [node.state() for node in nodes] == ["active", "backup"]
    result = probe.stop()
    assert not result.gaps_after(result.first)


def test_both_pythons_sign_alike(network: Network) -> None:
    first, second = pair(
        mixed("r2"), network, families=(4, 6), interval_ms=INTERVAL_MS, more={"auth_key": KEY}
    )
    first.ask("switchover", group="gateway")
    second.wait_state("active")
    first.wait_state("backup")
    for node in (first, second):
        # Each has heard the other while that was Active; the first word brings the roles, the others follow.
        wait_until(lambda node=node: verified(node), 10, f"{node.name} has heard the other on every side")
        assert not any(sum(each["counters"]["errors"].values()) for each in node.status()["virtual_routers"])


@either
def test_cable_and_hang(network: Network, micro: str) -> None:
    first, second = both(network, micro)
    network.cable_pull("r1", "lan")
    second.wait_state("active")
    first.wait_state("fault")
    network.cable_plug("r1", "lan")
    first.wait_state("backup")
    second.freeze()
    first.wait_state("active")
    second.thaw()
    second.wait_state("backup")
    wait_one_holder(network, "r1", *BOTH_SIDES)


def test_killed_for_good_its_addresses_leave(network: Network) -> None:
    first, second = both(network, "r1")
    first.kill9()
    second.wait_state("active")
    wait_until(first.holds_none, 10, "the dead router's kernel drops the addresses", interval=0.1)
    wait_one_holder(network, "r2", *BOTH_SIDES)
    first.start().wait_state("backup")
    assert second.state() == "active"


def test_killed_and_started_in_time_it_goes_on(network: Network) -> None:
    first, second = pair(mixed("r1"), network)
    wait_seldom(network, (first, second), SELDOM_MS)
    first.kill9()
    first.start().wait_state("active")
    assert first.group()["last_transition"]["reason"] == "adopted"
    holds_for(lambda: second.state() == "backup", 0.5, "r2 stays Backup")
    assert first.holds()


def test_a_run_directory_in_memory_is_known_as_such_behind_a_link(network: Network) -> None:
    """/var is a link of the flash on OpenWrt, to a tmpfs."""
    node = MicroNode(network, "r1")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as disk:
        os.symlink(node.folder, f"{disk}/var")
        node.run_dir = Path(disk) / "var/run"
        node.start().wait_state("active")
        assert "run-dir-on-disk" not in [each["code"] for each in node.status()["problems"]]
        node.stop()


def test_second_one_on_a_run_directory_is_refused(network: Network) -> None:
    node = MicroNode(network, "r1").start().wait_state("active")
    again = MicroNode(network, "r1").start()
    assert again.process is not None
    assert again.process.wait(60) == 1
    assert "another havend" in again.log_text()
    assert node.state() == "active"


def test_what_is_larger_than_its_memory_is_refused(network: Network, tmp_path: Path) -> None:
    node = MicroNode(network, "r1").start().wait_state("active")
    # It hangs up with the answer, perhaps before all has been written.
    with pytest.raises((Refused, OSError)):
        node.ask("refuse", problems=["x" * 5000] * 100)
    with open(tmp_path / "plan", "wb") as file:
        file.truncate(LONGEST + 1)
    with pytest.raises(Refused, match="more than there is memory for"):
        node.ask("load", path=str(tmp_path / "plan"))
    assert node.state() == "active"


def test_plan_from_elsewhere_and_the_small_command(network: Network) -> None:
    node = PlannedNode(network, "r1", interval_ms=INTERVAL_MS).start().wait_state("active")
    assert node.holds(lab.GATEWAY)
    assert node.small("status").startswith("r1 is active.")
    # There is none to miss, although this machine may have what it works for.
    assert "agent-silent" not in {each["code"] for each in node.status()["problems"]}
    assert "no Active was heard" in node.small("events")
    text = node.config_path.read_text()
    node.config_path.write_text(
        text.replace(f"{lab.GATEWAY}/24'", f"{lab.GATEWAY}/24'\n\tlist address '{MORE}/24'")
    )
    node.make_plan()
    node.small("reload")
    wait_until(lambda: node.holds(MORE), 5, "the new address is taken")
    other = HavenNode(network, "r2", priority=100, interval_ms=INTERVAL_MS).start().wait_state("backup")
    wait_until(other.hears_active, 5, "r2 hears the Active")
    node.small("switchover", "gateway")
    other.wait_state("active")
    node.small("maintenance", "on")
    node.wait_state("maintenance")
    node.small("stop")
    assert node.process is not None
    assert node.process.wait(60) == 0


def test_plan_for_another_machine_is_a_fault_until_its_device_is_there(network: Network) -> None:
    node = PlannedNode(network, "r1", interval_ms=INTERVAL_MS)
    node.make_plan()
    network["r1"].namespace.run("ip", "link", "set", "lan", "down")
    network["r1"].namespace.run("ip", "link", "set", "lan", "name", "elsewhere")
    MicroNode.start(node).wait_state("fault")
    network["r1"].namespace.run("ip", "link", "set", "elsewhere", "name", "lan")
    network["r1"].namespace.run("ip", "link", "set", "lan", "up")
    node.wait_state("active")
