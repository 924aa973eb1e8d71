# SPDX-License-Identifier: GPL-2.0-or-later
"""Somebody else meddles with the addresses: the Active puts them right."""

from tests.lab import network as lab
from tests.lab.haven_node import HavenNode
from tests.lab.network import Network
from tests.lab.outage import check_outage
from tests.lab.pair import pair, wait_one_holder, wait_settled
from tests.lab.wait import holds_for, wait_until


def entry_of(node: HavenNode, address: str) -> dict:
    """Tell what the node's kernel says about an address of the LAN side."""
    entries = node.router.namespace.ip_json("address", "show", "dev", "lan")[0]["addr_info"]
    return next(entry for entry in entries if entry["local"] == address)


def with_prefix(node: HavenNode, address: str) -> str:
    return f"{address}/{entry_of(node, address)['prefixlen']}"


def test_address_that_another_program_removes_is_put_back_at_once(network: Network) -> None:
    first, second = pair(HavenNode, network)
    probe = network.probe()
    probe.wait_service()
    first.router.namespace.ip(f"address del {with_prefix(first, lab.GATEWAY)} dev lan")
    wait_until(first.holds, 2, "the address is back")
    probe.wait_service()
    result = probe.stop()
    check_outage(result)
    assert (first.state(), second.state()) == ("active", "backup")


def test_flushed_device_gets_its_virtual_addresses_back(network: Network) -> None:
    first, second = pair(HavenNode, network, families=(4, 6))
    # It looks up to ten times whether nothing is left, and complains when each time something was put back.
    first.router.namespace.run("sh", "-c", "ip address flush dev wan || true")
    first.router.namespace.ip(
        f"address add {first.router.address('wan')}/24 dev wan",
        f"address add {first.router.link_local('wan')}/64 dev wan nodad",
    )
    active = wait_settled((first, second))
    for address in active.gateway.bare_addresses:
        wait_one_holder(network, active.name, address)


def test_virtual_address_that_the_user_has_set_as_well_is_named_and_left_alone(network: Network) -> None:
    network["r2"].namespace.ip(f"address add {lab.GATEWAY}/24 dev lan")
    _first, second = pair(HavenNode, network)
    assert lab.GATEWAY in second.log_text()
    assert entry_of(second, lab.GATEWAY)["prefixlen"] == 24


def test_addresses_are_renewed_long_before_they_end(network: Network) -> None:
    first, _second = pair(HavenNode, network)

    def renewed() -> bool:
        return 2 <= entry_of(first, lab.GATEWAY)["valid_life_time"] <= 8

    holds_for(renewed, 5, "the address is renewed", interval=0.1)


def test_own_address_of_the_router_stays_its_own(network: Network) -> None:
    first, second = pair(HavenNode, network)
    first.stop()
    second.wait_state("active")
    assert network["r1"].address("lan") in first.addresses("lan")
    assert network["r2"].address("lan") in second.addresses("lan")
