# SPDX-License-Identifier: GPL-2.0-or-later
"""A cable is pulled: both sides of the gateway move together."""

import pytest

from tests.lab import network as lab
from tests.lab.haven_node import HavenNode
from tests.lab.network import Network
from tests.lab.outage import check_outage
from tests.lab.pair import pair, wait_one_holder
from tests.lab.wait import wait_until

# A takeover for silence would take 3.6 s.
INTERVAL_MS = 1000


@pytest.mark.parametrize("segment", ["lan", "wan"])
def test_pulled_cable_moves_both_sides_in_less_than_an_active_down_interval(
    network: Network, segment: str
) -> None:
    first, second = pair(HavenNode, network, interval_ms=INTERVAL_MS)
    probe = network.probe()
    probe.wait_service()
    network.cable_pull("r1", segment)
    second.wait_state("active")
    wait_one_holder(network, "r2", lab.GATEWAY, lab.UPLINK)
    assert first.state() == "fault"
    probe.wait_service()
    result = probe.stop()
    # The healthy side says goodbye, so it costs a Skew_Time and not three intervals.
    check_outage(result, INTERVAL_MS * 156 / 256)


def test_fault_is_named_in_the_status(network: Network) -> None:
    first, _second = pair(HavenNode, network)
    network.cable_pull("r1", "lan")
    first.wait_state("fault")
    assert any("lan" in fault for fault in first.virtual_router("lan")["faults"])
    assert "fault" in {problem["code"] for problem in first.problems()}


def test_plugged_cable_brings_a_backup_back(network: Network) -> None:
    first, second = pair(HavenNode, network)
    network.cable_pull("r1", "wan")
    second.wait_state("active")
    network.cable_plug("r1", "wan")
    first.wait_state("backup")
    assert second.state() == "active"
    wait_until(lambda: not first.problems(), 5, "nothing is the matter with r1")
    wait_one_holder(network, "r2", lab.GATEWAY, lab.UPLINK)


def test_backup_with_a_pulled_cable_does_not_disturb_the_active(network: Network) -> None:
    first, second = pair(HavenNode, network)
    probe = network.probe()
    probe.wait_service()
    network.cable_pull("r2", "lan")
    second.wait_state("fault")
    network.cable_plug("r2", "lan")
    second.wait_state("backup")
    result = probe.stop()
    assert not result.gaps_after(result.first)
    assert first.state() == "active"


def test_last_router_with_a_pulled_cable_holds_nothing(network: Network) -> None:
    first, second = pair(HavenNode, network)
    second.stop()
    network.cable_pull("r1", "wan")
    first.wait_state("fault")
    assert first.holds_none()
    network.cable_plug("r1", "wan")
    first.wait_state("active")
    wait_until(first.holds, 5, "r1 holds the addresses")
