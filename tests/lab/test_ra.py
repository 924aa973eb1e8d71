# SPDX-License-Identifier: GPL-2.0-or-later
"""Router advertisements, as the kernels of hosts understand them."""

import socket
from collections.abc import Iterator

import pytest

from haven.core.announce import ALL_NODES, ALL_NODES_MAC
from haven.core.frame import icmpv6_frame
from haven.inet import octets_of
from tests.lab import firewall
from tests.lab.flows import Busy, echo_server
from tests.lab.namespace import inside
from tests.lab.network import GATEWAY6_LINK_LOCAL, SERVICE6, Network
from tests.lab.pair import pair, wait_settled
from tests.lab.ra_hosts import Advertising, RaNode, assert_one_router, ra_hosts
from tests.lab.wait import now_ns, wait_until

COUNT = 25
STRANGER, STRANGER_MAC = "fe80::bad", b"\x02\0\0\0\x0b\xad"


@pytest.fixture
def plain(network: Network) -> tuple[Advertising, Advertising]:
    return pair(Advertising, network, families=(6,))


def whole_pair(network: Network) -> tuple[RaNode, RaNode]:
    nodes = []
    for name, router in network.routers.items():
        firewall.set_up(router)
        node = RaNode(network, name, priority=100 if nodes else 200, families=(4, 6))
        node.configure()
        nodes.append(node.start().wait_state("backup" if nodes else "active"))
    nodes[1].wait_in_sync()
    echo_server(network.server)
    return nodes[0], nodes[1]


def wait_moving(flows: Busy) -> None:
    since = now_ns()
    wait_until(lambda: flows.moving_since(since) == COUNT, 20, "every connection moves")


def test_no_failover_changes_anything_in_the_tables_of_hosts(network: Network) -> None:
    first, second = whole_pair(network)
    hosts = ra_hosts(network, 2)
    flows = [Busy(network, COUNT, SERVICE6, host=host.namespace) for host in hosts]
    news = [host.news() for host in hosts]

    def unnoticed() -> None:
        for each in flows:
            wait_moving(each)
        assert [host.news() for host in hosts] == news
        assert_one_router(hosts)

    first.ask("switchover", group=None)
    second.wait_state("active")
    unnoticed()
    second.cli("maintenance", "on")
    first.wait_state("active")
    unnoticed()
    second.cli("maintenance", "off")
    network.split("lan")
    network.split("wan")
    second.wait_state("active")
    network.heal()
    wait_settled([first, second])
    unnoticed()
    network.power_cut(wait_settled([first, second]).name)
    wait_until(lambda: "active" in (first.state(), second.state()), 10, "the other is Active")
    unnoticed()


@pytest.mark.parametrize("virtual_mac", [False, True])
def test_hosts_reach_the_next_active_without_asking(network: Network, virtual_mac: bool) -> None:
    first, second = pair(Advertising, network, families=(6,), virtual_mac=virtual_mac)
    [host] = ra_hosts(network, 1)
    wait_until(host.reaches, 5, "the host reaches the server")
    (entry,) = host.namespace.ip_json("-6", "neigh", "show", GATEWAY6_LINK_LOCAL, "dev", "lan")
    wanted = "00:00:5e:00:02:33" if virtual_mac else first.router.mac("lan")
    assert entry["lladdr"] == wanted
    assert second.advert()["sent"] == 0 and not second.advert()["advertising"]
    network.power_cut("r1")
    second.wait_state("active")
    wait_until(lambda: second.advert()["sent"] > 0, 5, "the next Active has spoken")
    wait_until(host.reaches, 5, "the host reaches the server")
    (entry,) = host.namespace.ip_json("-6", "neigh", "show", GATEWAY6_LINK_LOCAL, "dev", "lan")
    assert entry["lladdr"] == ("00:00:5e:00:02:33" if virtual_mac else second.router.mac("lan"))
    assert_one_router([host])


def test_the_last_router_that_stops_says_so_and_the_first_one_does_not(
    network: Network, plain: tuple[Advertising, Advertising]
) -> None:
    first, second = plain
    [host] = ra_hosts(network, 1)
    first.stop()
    second.wait_state("active")
    assert_one_router([host])
    second.stop()
    wait_until(lambda: host.default_routers() == set(), 5, "the host has no router")
    # Its addresses are its own as before.
    assert host.addresses()
    first.start().wait_state("active")
    wait_until(lambda: host.default_routers() == {GATEWAY6_LINK_LOCAL}, 5, "the host has a router again")
    assert host.most_default_routers() == 1


def test_an_advertisement_that_is_switched_off_is_taken_back(
    network: Network, plain: tuple[Advertising, Advertising]
) -> None:
    first, _second = plain
    [host] = ra_hosts(network, 1)
    first.advertises = False
    first.configure()
    first.cli("reload")
    wait_until(lambda: host.default_routers() == set(), 5, "the host has no router")
    assert first.state() == "active" and "router_advert" not in first.virtual_router("lan6")
    first.advertises = True
    first.ra_lines = (
        "\toption ra_preference 'high'\n\toption ra_lifetime '1200'\n\toption ra_maxinterval '9'\n"
    )
    first.configure()
    first.cli("reload")
    wait_until(host.default_routers, 5, "the host has a router again")
    (route,) = host.namespace.ip_json("-6", "route", "show", "default")
    assert route["pref"] == "high" and 1100 < route["expires"] <= 1200


def test_a_prefix_that_comes_and_goes_on_the_device_is_followed(
    network: Network, plain: tuple[Advertising, Advertising]
) -> None:
    [host] = ra_hosts(network, 1)
    address = "2001:db8:7:40::2/60"
    lan = network["r1"].namespace
    lan.ip(f"address add {address} dev lan valid_lft 900 preferred_lft 600")
    found = wait_until(lambda: host.addresses("2001:db8:7:40:"), 10, "the host has a new address")
    assert found[0]["prefixlen"] == 64
    assert found[0]["valid_life_time"] <= 900 and found[0]["preferred_life_time"] <= 600
    lan.ip(f"address del {address} dev lan")

    def is_left() -> bool:
        return [each["preferred_life_time"] for each in host.addresses("2001:db8:7:40:")] == [0]

    wait_until(is_left, 15, "the host leaves the old address")
    assert plain[0].advert()["prefixes"] == ["fd77::/64"]
    assert all(each["preferred_life_time"] for each in host.addresses("fd77:"))


@pytest.fixture
def stranger(network: Network) -> Iterator[socket.socket]:
    guest = network.guest("guest", "lan", "02:00:00:00:0b:ad")
    with inside(guest):
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        sock.bind(("lan", 0))
    yield sock
    sock.close()


def say(sock: socket.socket, lifetime_s: int, withdrawn: str = "") -> None:
    """Send a router advertisement of another router."""
    message = bytes((134, 0, 0, 0, 64, 0)) + lifetime_s.to_bytes(2, "big") + bytes(8)
    if withdrawn:
        message += bytes((3, 4, 64, 0xC0)) + bytes(12) + octets_of(withdrawn)
    sock.send(icmpv6_frame(ALL_NODES_MAC, STRANGER_MAC, octets_of(STRANGER), ALL_NODES, message))


def test_another_router_on_the_link_is_named_by_both(
    plain: tuple[Advertising, Advertising], stranger: socket.socket
) -> None:
    say(stranger, 1800)
    for node in plain:
        told = wait_until(lambda node=node: codes(node).get("ra-stranger"), 5, f"{node.name} names it")
        assert told["facts"] == {"peer": STRANGER, "device": "lan"}
    say(stranger, 0)
    for node in plain:
        wait_until(lambda node=node: "ra-stranger" not in codes(node), 5, f"{node.name} does not any more")


def codes(node: Advertising) -> dict[str, dict]:
    return {problem["code"]: problem for problem in node.problems()}


def test_what_another_takes_back_of_ours_is_said_again(
    network: Network, plain: tuple[Advertising, Advertising], stranger: socket.socket
) -> None:
    [host] = ra_hosts(network, 1)
    sent = plain[0].advert()["sent"]
    say(stranger, 0, withdrawn="fd77::")

    def speaks() -> bool:
        told = plain[0].advert()
        return told["sent"] > sent or told["next_ms"] < 3000

    wait_until(speaks, 5, "the Active is about to speak, or has spoken")

    def is_preferred() -> bool:
        return all(each["preferred_life_time"] > 2600 for each in host.addresses("fd77:"))

    wait_until(is_preferred, 10, "the host goes on with its address")
    assert_one_router([host])
