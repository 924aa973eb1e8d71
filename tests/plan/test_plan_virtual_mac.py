# SPDX-License-Identifier: GPL-2.0-or-later
"""Virtual MAC addresses on the wire: what clients learn, and what a bridge does with their frames."""

import pathlib
from collections.abc import Callable

import pytest

from tests.plan.world import Namespace, cable, compiled, start, stop

MAC4 = "00:00:5e:00:01:33"
MAC6 = "00:00:5e:00:02:33"
CONFIG = """
config virtual_router 'lan'
	option device '%s'
	option vrid '51'
	option virtual_mac '1'
	list address '192.168.1.1/24'

config virtual_router 'lan6'
	option device '%s'
	option vrid '51'
	option virtual_mac '1'
	list address 'fe80::1'
	list address '2001:db8:1::1/64'
"""


class Lan:
    """A router with an address of its own, a client, and a neighbour on another port of the bridge."""

    def __init__(self, make: Callable[[], Namespace], bridged: bool, folder: pathlib.Path) -> None:
        self.router, self.client, self.neighbour = make(), make(), make()
        cable(self.router, "port1", self.client, "eth0")
        cable(self.router, "port2", self.neighbour, "eth0")
        self.device = "port1"
        if bridged:
            self.device = "br-lan"
            self.router.ip("link add br-lan type bridge")
            self.router.ip("link set br-lan up")
            self.router.ip("link set port1 master br-lan")
            self.router.ip("link set port2 master br-lan")
        self.router.ip("addr add 192.168.1.2/24 dev " + self.device)
        self.router.ip("addr add 2001:db8:1::2/64 nodad dev " + self.device)
        self.client.ip("addr add 192.168.1.10/24 dev eth0")
        self.client.ip("addr add 2001:db8:1::10/64 nodad dev eth0")
        self.plan = compiled(self.router, folder, CONFIG % (self.device, self.device))

    def own_mac(self) -> str:
        return self.router.look("link show dev " + self.device)[0]["address"]


@pytest.fixture(params=["plain", "bridge"])
def lan(request: pytest.FixtureRequest, namespace: Callable, tmp_path: pathlib.Path) -> Lan:
    return Lan(namespace, request.param == "bridge", tmp_path)


@pytest.fixture
def bridged(namespace: Callable[[], Namespace], tmp_path: pathlib.Path) -> Lan:
    return Lan(namespace, True, tmp_path)


def test_clients_reach_the_virtual_addresses_at_the_virtual_mac(lan: Lan) -> None:
    start(lan.router, lan.plan)
    assert lan.client.ping("192.168.1.1")
    assert lan.client.ping("2001:db8:1::1")
    assert lan.client.ping("fe80::1%eth0")
    assert lan.client.neighbour("192.168.1.1") == MAC4
    assert lan.client.neighbour("2001:db8:1::1") == MAC6
    assert lan.client.neighbour("fe80::1") == MAC6


def test_the_own_addresses_stay_reachable_at_the_own_mac(lan: Lan) -> None:
    start(lan.router, lan.plan)
    assert lan.client.ping("192.168.1.2")
    assert lan.client.ping("2001:db8:1::2")
    assert lan.client.neighbour("192.168.1.2") == lan.own_mac()
    assert lan.client.neighbour("2001:db8:1::2") == lan.own_mac()


def test_a_question_of_the_router_does_not_teach_clients_another_mac(lan: Lan) -> None:
    start(lan.router, lan.plan)
    assert lan.client.ping("192.168.1.1")
    # The answer to this echo makes the router ask for the client's MAC address.
    lan.router.ip("neigh flush dev " + lan.device)
    assert lan.client.ping("192.168.1.1")
    assert lan.router.neighbour("192.168.1.10")
    assert lan.client.neighbour("192.168.1.1") == MAC4


def test_the_router_reaches_its_virtual_address_itself(lan: Lan) -> None:
    start(lan.router, lan.plan)
    assert lan.router.ping("192.168.1.1")
    assert lan.router.ping("2001:db8:1::1")


def test_after_the_release_nothing_answers_and_nothing_is_left(lan: Lan) -> None:
    before = sorted(row["ifname"] for row in lan.router.look("link"))
    start(lan.router, lan.plan)
    assert lan.client.ping("192.168.1.1")
    stop(lan.router, lan.plan)
    assert not lan.client.ping("192.168.1.1", 0.5)
    assert lan.client.ping("192.168.1.2")
    assert sorted(row["ifname"] for row in lan.router.look("link")) == before


def test_frames_for_the_virtual_mac_are_not_flooded_to_other_ports(bridged: Lan) -> None:
    start(bridged.router, bridged.plan)
    assert bridged.client.ping("192.168.1.1")
    before = bridged.router.count_sent("port2")
    for _ in range(20):
        assert bridged.client.ping("192.168.1.1")
    assert bridged.router.count_sent("port2") - before < 15


def test_a_backup_passes_frames_on_to_the_active_behind_its_bridge(bridged: Lan) -> None:
    start(bridged.router, bridged.plan)
    assert bridged.client.ping("192.168.1.1")
    for router in bridged.plan["virtual_routers"]:
        bridged.router.carry_out(router["release"])
    become_active(bridged.neighbour)
    assert bridged.client.ping("192.168.1.1")
    assert bridged.client.neighbour("192.168.1.1") == MAC4


def test_a_takeover_draws_frames_away_from_the_port_where_the_active_was(bridged: Lan) -> None:
    become_active(bridged.neighbour)
    assert bridged.client.ping("192.168.1.1")
    bridged.neighbour.ip("link set eth0 down")
    start(bridged.router, bridged.plan)
    assert bridged.client.ping("192.168.1.1")
    assert MAC4 in kept_by_the_bridge(bridged.router)


def become_active(other: Namespace) -> None:
    """Let another machine hold the virtual address at the virtual MAC."""
    other.sysctl([["net/ipv4/conf/eth0/arp_ignore", "1"]])
    other.ip("link add hv link eth0 address %s type macvlan mode private" % MAC4)
    other.ip("link set hv up")
    other.ip("addr add 192.168.1.1/24 dev hv")


def kept_by_the_bridge(router: Namespace) -> str:
    shown = router.run("bridge", "fdb", "show", "br", "br-lan").stdout
    return "\n".join(line for line in shown.splitlines() if "master br-lan permanent" in line)
