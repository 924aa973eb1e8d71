# SPDX-License-Identifier: GPL-2.0-or-later
"""A router in maintenance serves only when nobody else can."""

from tests.lab import network as lab
from tests.lab.haven_node import HavenNode
from tests.lab.network import Network
from tests.lab.outage import HANDOVER_INTERVAL_MS, check_outage
from tests.lab.pair import has_taken_what_was_given, pair, wait_one_holder
from tests.lab.wait import holds_for, wait_until


def test_maintenance_hands_over_unnoticed_and_says_so(network: Network) -> None:
    first, second = pair(HavenNode, network, preempt=True, interval_ms=HANDOVER_INTERVAL_MS)
    probe = network.probe()
    probe.wait_service()
    first.ask("maintenance", on=True)
    second.wait_state("active")
    first.wait_state("maintenance")
    assert first.group()["maintenance"] is True
    holds_for(lambda: second.state() == "active", 1, "r2 stays Active")
    result = probe.stop()
    check_outage(result)
    assert has_taken_what_was_given(second)
    wait_one_holder(network, "r2", lab.GATEWAY, lab.UPLINK)


def test_end_of_maintenance_lets_the_preferred_router_come_back(network: Network) -> None:
    first, second = pair(HavenNode, network, preempt=True)
    first.ask("maintenance", on=True)
    second.wait_state("active")
    first.ask("maintenance", on=False)
    first.wait_state("active")
    second.wait_state("backup")


def test_router_in_maintenance_is_the_last_resort(network: Network) -> None:
    first, second = pair(HavenNode, network)
    first.ask("maintenance", on=True)
    second.wait_state("active")
    network.power_cut("r2")
    wait_until(first.holds, 5, "r1 serves in spite of its maintenance")
    probe = network.probe()
    probe.wait_service()


def test_maintenance_outlives_a_restart(network: Network) -> None:
    first, second = pair(HavenNode, network, preempt=True)
    first.ask("maintenance", on=True)
    second.wait_state("active")
    first.restart().wait_state("maintenance")
    holds_for(lambda: second.state() == "active", 1, "r2 stays Active")


def test_backup_in_maintenance_does_not_disturb(network: Network) -> None:
    first, second = pair(HavenNode, network)
    probe = network.probe()
    probe.wait_service()
    second.ask("maintenance", on=True)
    second.wait_state("maintenance")
    second.ask("maintenance", on=False)
    second.wait_state("backup")
    result = probe.stop()
    assert not result.gaps_after(result.first)
    assert first.state() == "active"
