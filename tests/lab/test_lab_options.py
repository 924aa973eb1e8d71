# SPDX-License-Identifier: GPL-2.0-or-later
"""What single options do to the wire and to the kernel."""

import pytest

from tests.lab import network as lab
from tests.lab.haven_node import HavenNode
from tests.lab.knock import knock
from tests.lab.network import Network
from tests.lab.pair import pair, wait_one_holder
from tests.lab.wait import wait_until


@pytest.mark.parametrize("accept, answer", [(True, "refused"), (False, "silence")])
def test_accept_decides_whether_the_virtual_address_answers(
    network: Network, accept: bool, answer: str
) -> None:
    node = HavenNode(network, "r1", families=(4, 6), accept=accept).start()
    node.wait_state("active")
    for address in (lab.GATEWAY, lab.GATEWAY6):
        wait_until(lambda address=address: knock(network, address) == answer, 5, f"{address}: {answer}")
    wait_until(
        lambda: knock(network, network["r1"].address("lan")) == "refused", 5, "its own address answers"
    )
    for address in (lab.SERVICE, lab.SERVICE6):
        network.probe(address).wait_service()


@pytest.mark.parametrize("families", [(4,), (6,)])
def test_unicast_peers_need_no_multicast(network: Network, families: tuple[int, ...]) -> None:
    capture = network.capture("lan")
    first, second = pair(HavenNode, network, unicast=True, families=families)
    peer = network["r2"].link_local("lan") if families == (6,) else network["r2"].address("lan")
    assert {advert.destination for advert in capture.adverts()} == {peer}
    first.stop()
    second.wait_state("active")
    for address in second.gateway.bare_addresses:
        wait_one_holder(network, "r2", address)


def test_tracked_device_takes_the_group_out(network: Network) -> None:
    first, second = pair(HavenNode, network, tracks=("sync",))
    network.cable_pull("r1", "sync")
    second.wait_state("active")
    assert first.state() == "fault"
    network.cable_plug("r1", "sync")
    first.wait_state("backup")


def test_tracked_device_with_a_weight_lowers_the_priority(network: Network) -> None:
    first, second = pair(HavenNode, network, tracks=("sync:150",), preempt=True)
    network.cable_pull("r1", "sync")
    second.wait_state("active")
    first.wait_state("backup")
    assert first.virtual_router("lan")["priority"] == 50
    assert first.group()["priority_penalty"] == 150
    network.cable_plug("r1", "sync")
    first.wait_state("active")


def test_wrong_password_is_dropped_and_named(network: Network) -> None:
    one = HavenNode(network, "r1", version=2, interval_ms=1000, auth_pass="right")
    other = HavenNode(network, "r2", version=2, interval_ms=1000, auth_pass="wrong")
    one.start()
    other.start()
    wait_until(
        lambda: other.state() and other.virtual_router("lan")["counters"]["errors"]["auth_data"] > 0,
        10,
        "r2 drops what r1 says",
    )
    wait_until(lambda: any("auth_pass" in each["do"] for each in other.problems()), 10, "r2 names it")


def test_adverts_are_as_configured(network: Network) -> None:
    capture = network.capture("wan")
    HavenNode(network, "r1", priority=77, interval_ms=150).start().wait_state("active")
    wait_until(lambda: len(capture.adverts()) >= 5, 5, "adverts are heard")
    for advert in capture.adverts():
        assert (advert.version, advert.vrid, advert.priority, advert.interval_ms) == (3, 52, 77, 150)
        assert (advert.source, advert.destination) == (network["r1"].address("wan"), "224.0.0.18")
        assert (advert.hops, advert.addresses) == (255, (lab.UPLINK,))
