# SPDX-License-Identifier: GPL-2.0-or-later
"""Network devices that are not there, go away, or come back as others."""

import pytest

from tests.lab import network as lab
from tests.lab.haven_node import HavenNode
from tests.lab.network import Network
from tests.lab.outage import HANDOVER_INTERVAL_MS
from tests.lab.pair import pair, wait_one_holder
from tests.lab.wait import holds_for, wait_until

OTHER_MAC = "02:00:00:00:77:77"


def index_of(network: Network, device: str) -> int:
    return network["r1"].namespace.ip_json("link", "show", "dev", device)[0]["ifindex"]


def test_missing_device_at_start_is_waited_for(network: Network) -> None:
    network.remove_device("r1", "lan")
    node = HavenNode(network, "r1").start()
    node.wait_state("fault")
    assert node.holds_none()
    assert any("lan" in problem["message"] for problem in node.problems())
    network.create_device("r1", "lan", OTHER_MAC)
    node.wait_state("active")
    wait_until(node.holds, 5, "it holds the addresses")
    probe = network.probe()
    probe.wait_service()


@pytest.mark.parametrize("virtual_mac", [False, True])
def test_device_that_comes_back_as_another_is_used_again(network: Network, virtual_mac: bool) -> None:
    node = HavenNode(network, "r1", virtual_mac=virtual_mac).start()
    node.wait_state("active")
    before = index_of(network, "lan")
    network.remove_device("r1", "lan")
    node.wait_state("fault")
    assert not node.holds(lab.UPLINK)
    capture = network.capture("wan")
    network.create_device("r1", "lan", OTHER_MAC)
    node.wait_state("active")
    assert index_of(network, "lan") != before
    wait_until(node.holds, 5, "it holds the addresses")
    assert wait_until(lambda: capture.adverts(), 2, "it advertises on both sides")
    probe = network.probe()
    probe.wait_service()
    expected = "00:00:5e:00:01:33" if virtual_mac else OTHER_MAC
    assert network.client_believes(lab.GATEWAY) == expected


def test_backup_takes_over_while_the_device_is_away(network: Network) -> None:
    first, second = pair(HavenNode, network)
    network.remove_device("r1", "lan")
    second.wait_state("active")
    network.create_device("r1", "lan", OTHER_MAC)
    first.wait_state("backup")
    wait_one_holder(network, "r2", lab.GATEWAY, lab.UPLINK)


def test_backup_with_a_new_device_takes_over_on_it(network: Network) -> None:
    _first, second = pair(HavenNode, network)
    network.remove_device("r2", "lan")
    second.wait_state("fault")
    network.create_device("r2", "lan", OTHER_MAC)
    second.wait_state("backup")
    probe = network.probe()
    probe.wait_service()
    network.power_cut("r1")
    second.wait_state("active")
    probe.wait_service()
    assert network.client_believes(lab.GATEWAY) == OTHER_MAC


def test_device_that_is_set_down_is_a_fault_until_it_is_up(network: Network) -> None:
    first, second = pair(HavenNode, network)
    first.router.namespace.ip("link set wan down")
    second.wait_state("active")
    assert first.state() == "fault"
    first.router.namespace.ip("link set wan up")
    first.wait_state("backup")


@pytest.mark.parametrize("name", ["r1", "r2"])
def test_an_interface_that_is_set_up_anew_is_no_event(network: Network, name: str) -> None:
    nodes = pair(HavenNode, network, interval_ms=HANDOVER_INTERVAL_MS)
    router = network[name]
    own = f"{router.address('lan')}/24 dev lan"
    told = [len(node.events()) for node in nodes]
    for _ in range(3):
        # As netifd does at `ifup lan`, where another of its interfaces keeps the bridge.
        router.namespace.ip(f"address del {own}")
        holds_for(lambda: [node.state() for node in nodes] == ["active", "backup"], 0.2, "nothing moves")
        router.namespace.ip(f"address add {own}")
        holds_for(lambda: [node.state() for node in nodes] == ["active", "backup"], 1.5, "nothing moves")
    assert [len(node.events()) for node in nodes] == told
    assert nodes[0].holds()
    probe = network.probe()
    probe.wait_service()
