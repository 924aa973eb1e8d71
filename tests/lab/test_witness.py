# SPDX-License-Identifier: GPL-2.0-or-later
"""A witness on the links: who hears neither it nor the other routers does not serve."""

from tests.lab import network as lab
from tests.lab.haven_node import HavenNode
from tests.lab.network import Network
from tests.lab.outage import STALL_MS
from tests.lab.pair import gateway, pair, wait_one_holder
from tests.lab.switch import port_name
from tests.lab.wait import holds_for, wait_until

PATIENCE_S = 2
SEGMENTS = ("lan", "wan")


def isolate(network: Network, name: str, *segments: str) -> None:
    """Cut a router off from everybody; its own links stay up."""
    for segment in segments:
        hosts = {"lan": "client", "wan": "server"}
        ports = [each.port(segment) for each in network.routers.values() if each.name != name]
        ports += [port_name(hosts[segment], segment)] if segment in hosts else []
        own = network[name].port(segment)
        network.switch.block({(own, port) for port in ports} | {(port, own) for port in ports})


def start_pair(network: Network, *witnesses: str, **more: object) -> tuple[HavenNode, HavenNode]:
    patience = {"witness_patience": PATIENCE_S}
    nodes = pair(HavenNode, network, witnesses=witnesses, group_more=patience, **more)
    for node in nodes:
        wait_until(lambda at=node: all(_answers(at)), 10, f"the witnesses of {node.name} answer")
    return nodes


def _answers(node: HavenNode) -> list[bool]:
    found = node.group()["witnesses"]
    return [each["answered_ms"] is not None and each["answered_ms"] < 2000 for each in found] or [False]


def codes(node: HavenNode) -> set[str]:
    return {each["code"] for each in node.problems()}


def test_active_without_the_witness_gives_up_and_healing_leaves_who_serves(network: Network) -> None:
    first, second = start_pair(network, lab.CLIENT)
    isolate(network, "r1", *SEGMENTS)
    second.wait_state("active")
    first.wait_state("backup")
    assert "alone" in codes(first) and first.holds_none()
    assert first.group()["last_transition"]["reason"] == "alone"
    holds_for(lambda: (first.state(), second.state()) == ("backup", "active"), 2, "only r2 serves")
    probe = network.probe()
    probe.wait_service()
    network.heal()
    holds_for(lambda: (first.state(), second.state()) == ("backup", "active"), 1, "r2 goes on")
    wait_until(lambda: "alone" not in codes(first), 10, "r1 is not alone any more")
    assert probe.stop().longest_gap_ms < STALL_MS
    wait_one_holder(network, "r2", lab.GATEWAY, lab.UPLINK)


def test_standby_without_the_witness_is_held_back(network: Network) -> None:
    first, second = start_pair(network, lab.CLIENT6, families=(4, 6))
    probe = network.probe()
    probe.wait_service()
    isolate(network, "r2", *SEGMENTS)
    wait_until(lambda: "alone" in codes(second), 10, "r2 is alone")
    holds_for(lambda: (first.state(), second.state()) == ("active", "backup"), 2, "r1 serves alone")
    network.heal()
    holds_for(lambda: (first.state(), second.state()) == ("active", "backup"), 1, "r1 goes on")
    assert probe.stop().longest_gap_ms < STALL_MS


def test_witness_that_is_switched_off_costs_no_takeover(network: Network) -> None:
    first, second = start_pair(network, lab.CLIENT)
    network.client.ip("link set lan down")
    wait_until(lambda: "witness-silent" in codes(second), 10, "the witness is missed")
    # As long as they hear each other, it has no say after that.
    holds_for(lambda: (first.state(), second.state()) == ("active", "backup"), PATIENCE_S, "r1 serves")
    network.power_cut("r1")
    second.wait_state("active", 10)
    holds_for(lambda: second.state() == "active", PATIENCE_S + 1, "r2 serves")


def test_router_that_hears_nothing_leaves_the_group_to_the_other(network: Network) -> None:
    """Its own words still pass, so that the other would never take over."""
    first, second = start_pair(network, lab.CLIENT, lab.SERVER)
    own = network["r1"].port("lan")
    network.switch.block({(port_name("client", "lan"), own), (network["r2"].port("lan"), own)})
    second.wait_state("active")
    wait_until(lambda: "alone" in codes(first), 10, "r1 says that it is alone")
    assert [each["facts"]["device"] for each in first.problems() if each["code"] == "alone"] == ["lan"]
    network.heal()
    wait_until(lambda: "alone" not in codes(first), 10, "r1 hears the others again")
    assert (first.state(), second.state()) == ("backup", "active")


def test_of_three_routers_the_majority_serves(build: object) -> None:
    network = build(3)
    asked = {"witness_patience": PATIENCE_S, "majority": 3}
    first, second, third = gateway(HavenNode, network, (250, 249, 1), group_more=asked, interval_ms=400)
    isolate(network, "r1", *SEGMENTS)
    second.wait_state("active")
    first.wait_state("backup")
    assert "alone" in codes(first) and third.state() == "backup"
    network.heal()
    wait_until(lambda: "alone" not in codes(first), 10, "r1 hears the others again")
    assert [node.state() for node in (first, second, third)] == ["backup", "active", "backup"]
