# SPDX-License-Identifier: GPL-2.0-or-later
"""The configuration changes while havend runs: nobody takes over, no packet is lost."""

import pytest

from tests.lab import network as lab
from tests.lab.haven_node import HavenNode
from tests.lab.network import Network
from tests.lab.pair import pair
from tests.lab.wait import holds_for, wait_until

MORE = "10.77.0.9/24"


def with_one_more_address(node: HavenNode) -> None:
    text = node.config_path.read_text()
    node.config_path.write_text(
        text.replace(f"{lab.GATEWAY}/24'", f"{lab.GATEWAY}/24'\n\tlist address '{MORE}'")
    )


def test_reload_of_an_unchanged_configuration_changes_nothing(network: Network) -> None:
    first, second = pair(HavenNode, network)
    probe = network.probe()
    probe.wait_service()
    first.cli("reload")
    second.cli("reload")
    holds_for(lambda: (first.state(), second.state()) == ("active", "backup"), 0.5, "the roles stay")
    result = probe.stop()
    assert not result.gaps_after(result.first)


def test_new_address_is_taken_without_failover(network: Network) -> None:
    first, second = pair(HavenNode, network)
    capture = network.capture("lan")
    probe = network.probe()
    probe.wait_service()
    for node in (second, first):
        with_one_more_address(node)
        node.cli("reload")
    wait_until(lambda: first.holds("10.77.0.9", lab.GATEWAY), 5, "r1 holds the new address")
    assert wait_until(lambda: capture.gratuitous_arps("10.77.0.9"), 2, "it is announced")
    assert network.holders("10.77.0.9") == ["r1"]
    assert first.state() == "active"
    result = probe.stop()
    assert not result.gaps_after(result.first)


def test_removed_address_leaves_without_failover(network: Network) -> None:
    first = HavenNode(network, "r1")
    with_one_more_address(first)
    first.start().wait_state("active")
    assert first.holds("10.77.0.9")
    probe = network.probe()
    probe.wait_service()
    first.configure()
    first.cli("reload")
    wait_until(lambda: not first.holds("10.77.0.9"), 5, "the old address leaves")
    assert first.holds()
    result = probe.stop()
    assert not result.gaps_after(result.first)


def test_changed_priority_is_advertised(network: Network) -> None:
    first, _second = pair(HavenNode, network)
    capture = network.capture("lan")
    first.configure(priority=150)
    first.cli("reload")
    wait_until(lambda: capture.adverts()[-1:] and capture.adverts()[-1].priority == 150, 5, "150 is heard")
    assert first.virtual_router("lan")["configured_priority"] == 150


def test_removed_virtual_router_lets_its_address_go(network: Network) -> None:
    first, _second = pair(HavenNode, network)
    first.configure(segments=("lan",))
    first.cli("reload")
    wait_until(lambda: not first.holds(lab.UPLINK), 5, "the WAN address leaves")
    assert first.holds(lab.GATEWAY)
    assert [entry["name"] for entry in first.status()["virtual_routers"]] == ["lan"]


def test_bad_configuration_is_refused_and_the_running_one_stays(network: Network) -> None:
    first, _second = pair(HavenNode, network)
    text = first.config_path.read_text()
    first.config_path.write_text(text.replace("option vrid '51'", "option vrid '999'\n\toption premept '1'"))
    with pytest.raises(RuntimeError, match="premept"):
        first.cli("reload")
    assert first.state() == "active"
    assert first.virtual_router("lan")["vrid"] == 51
    told = str(first.problems())
    assert "vrid" in told
    assert "premept" in told
    first.configure()
    first.cli("reload")
    assert not first.problems()


def test_bad_configuration_is_refused_at_start(network: Network) -> None:
    node = HavenNode(network, "r1")
    node.config_path.write_text(node.config_text().replace("'51'", "'0'"))
    node.start()
    assert node.process is not None
    assert node.process.wait(60) == 1
    assert "vrid" in node.log_text()
    assert "Traceback" not in node.log_text()
