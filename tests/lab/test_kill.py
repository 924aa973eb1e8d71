# SPDX-License-Identifier: GPL-2.0-or-later
"""havend is killed with -9: its addresses must not stay behind with nobody to answer for them."""

import pytest

from tests.lab import network as lab
from tests.lab.haven_node import HavenNode
from tests.lab.network import Network
from tests.lab.outage import check_outage
from tests.lab.pair import pair, wait_one_holder, wait_seldom
from tests.lab.wait import holds_for, wait_until

# Nobody takes over sooner than an outage that check_outage lets pass.
SLOW_MS = 1000
# A havend that is killed is missed after 3.6 of them, and begins anew sooner on any machine.
SELDOM_MS = 4000


@pytest.mark.parametrize("virtual_mac", [False, True])
def test_killed_for_good_its_addresses_leave_within_ten_seconds(network: Network, virtual_mac: bool) -> None:
    first, second = pair(HavenNode, network, families=(4, 6), virtual_mac=virtual_mac, interval_ms=SLOW_MS)
    probe = network.probe()
    probe.wait_service()
    first.kill9()
    second.wait_state("active")
    if not virtual_mac:
        own = network["r2"].mac("lan")
        wait_until(lambda: network.client_believes(lab.GATEWAY) == own, 5, "the client is told")
    wait_until(first.holds_none, 10, "the dead router's kernel drops the addresses", interval=0.1)
    for address in second.gateway.bare_addresses:
        wait_one_holder(network, "r2", address)
    probe.wait_service()
    result = probe.stop()
    # The killed router's kernel forwards on until the other one announces itself.
    check_outage(result)


def test_restarted_soon_enough_it_goes_on_as_if_nothing_had_happened(network: Network) -> None:
    first, second = pair(HavenNode, network)
    wait_seldom(network, (first, second), SELDOM_MS)
    probe = network.probe()
    probe.wait_service()
    first.kill9()
    first.start().wait_state("active")
    assert first.group()["last_transition"]["reason"] == "adopted"
    holds_for(lambda: second.state() == "backup", 2, "r2 stays Backup")
    assert first.holds()
    result = probe.stop()
    print(result)
    assert not result.gaps_after(result.first)


def test_restarted_too_late_it_finds_another_active_and_lets_go(network: Network) -> None:
    first, second = pair(HavenNode, network)
    first.kill9()
    second.wait_state("active")
    first.start().wait_state("backup")
    wait_one_holder(network, "r2", lab.GATEWAY, lab.UPLINK)
    holds_for(lambda: second.state() == "active", 1, "r2 stays Active")


def test_killed_again_and_again_there_is_always_somebody_in_the_end(network: Network) -> None:
    nodes = pair(HavenNode, network)
    for _ in range(3):
        for node in nodes:
            node.kill9()
            node.start()

    def serves_alone() -> bool:
        active = [node.name for node in nodes if node.state() == "active"]
        return [active] * 2 == [network.holders(each) for each in (lab.GATEWAY, lab.UPLINK)] and len(
            active
        ) == 1

    wait_until(serves_alone, 20, "one is Active, and has the addresses")


def test_killed_backup_is_missed_by_nobody(network: Network) -> None:
    first, second = pair(HavenNode, network)
    second.kill9()
    second.start().wait_state("backup")
    assert first.state() == "active"
    wait_one_holder(network, "r1", lab.GATEWAY, lab.UPLINK)
