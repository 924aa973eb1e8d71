# SPDX-License-Identifier: GPL-2.0-or-later
"""The routers no longer hear each other, and do again."""

import pytest

from tests.lab import network as lab
from tests.lab.haven_node import HavenNode
from tests.lab.network import Network
from tests.lab.outage import check_outage
from tests.lab.pair import pair, wait_one_holder
from tests.lab.wait import holds_for, wait_until


def split_everywhere(network: Network) -> None:
    network.split("lan")
    network.split("wan")


@pytest.mark.parametrize("virtual_mac", [False, True])
def test_split_of_every_link_makes_both_active_and_healing_leaves_one(
    network: Network, virtual_mac: bool
) -> None:
    first, second = pair(HavenNode, network, virtual_mac=virtual_mac)
    split_everywhere(network)
    second.wait_state("active")
    assert first.state() == "active"
    network.heal()
    second.wait_state("backup")
    holds_for(lambda: (first.state(), second.state()) == ("active", "backup"), 1, "the roles stay")
    wait_one_holder(network, "r1", lab.GATEWAY, lab.UPLINK)


def test_healed_split_is_announced_by_who_stays(network: Network) -> None:
    _first, second = pair(HavenNode, network, families=(4, 6))
    captures = {segment: network.capture(segment) for segment in ("lan", "wan")}
    split_everywhere(network)
    second.wait_state("active")
    fault = network.heal()
    second.wait_state("backup")
    for segment, address in (
        ("lan", lab.GATEWAY),
        ("wan", lab.UPLINK),
        ("lan", lab.GATEWAY6),
        ("wan", lab.UPLINK6),
    ):
        told = wait_until(
            lambda s=segment, a=address: [
                packet for packet in captures[s].announcements(a, since=fault.ended) if packet.sender == "r1"
            ],
            2,
            f"r1 announces {address}",
        )
        assert told


def test_client_reaches_the_server_after_the_healing(network: Network) -> None:
    _first, second = pair(HavenNode, network)
    probe = network.probe()
    probe.wait_service()
    split_everywhere(network)
    second.wait_state("active")
    network.heal()
    second.wait_state("backup")
    probe.wait_service(2)
    wait_until(
        lambda: network.client_believes(lab.GATEWAY) == network["r1"].mac("lan"), 2, "the client goes to r1"
    )
    result = probe.stop()
    check_outage(result)


def _fresh(node: HavenNode) -> dict[str, bool]:
    """Tell for each virtual router whether its Active was heard lately enough to still be."""
    return {entry["name"]: entry["active"]["fresh"] for entry in node.status()["virtual_routers"]}


def test_split_of_one_link_makes_nobody_take_over_and_is_named(network: Network) -> None:
    first, second = pair(HavenNode, network)
    probe = network.probe()
    probe.wait_service()
    network.split("lan")
    wait_until(
        lambda: any(p["code"] == "not-heard" and p["about"] == "lan" for p in second.problems()),
        5,
        "r2 names the deaf link",
    )
    assert (first.state(), second.state()) == ("active", "backup")
    wait_until(lambda: _fresh(second) == {"lan": False, "wan": True}, 5, "the deaf link's word is old")
    network.heal()
    wait_until(lambda: not second.problems(), 5, "the problem is gone")
    wait_until(lambda: all(_fresh(second).values()), 5, "the Active is heard on both links")
    result = probe.stop()
    assert not result.gaps_after(result.first)


def test_deaf_backup_takes_over_and_the_healing_leaves_one(network: Network) -> None:
    first, second = pair(HavenNode, network)
    network.deafen("r2", "lan")
    network.deafen("r2", "wan")
    second.wait_state("active")
    network.heal()
    second.wait_state("backup")
    first.wait_state("active")
    wait_one_holder(network, "r1", lab.GATEWAY, lab.UPLINK)
