# SPDX-License-Identifier: GPL-2.0-or-later
"""Accept mode 0: the virtual address answers ARP and neighbour solicitations and nothing else."""

import pathlib
import shutil
from collections.abc import Callable

import pytest

from haven.plan import accept_mode
from tests.plan.world import Namespace, cable, compiled, run_commands, start

pytestmark = pytest.mark.skipif(shutil.which("nft") is None, reason="nft is not here")

CONFIG = """
config virtual_router 'lan'
	option device 'lan'
	option vrid '51'
	option accept '0'
	option virtual_mac '%s'
	list address '192.168.1.1/24'

config virtual_router 'lan6'
	option device 'lan'
	option vrid '51'
	option accept '0'
	option virtual_mac '%s'
	list address 'fe80::1'
	list address '2001:db8:1::1/64'
"""


class Path:
    """A client whose gateway is the virtual address, the router, and a server behind it."""

    def __init__(self, make: Callable[[], Namespace]) -> None:
        self.client, self.router, self.server = make(), make(), make()
        cable(self.client, "eth0", self.router, "lan")
        cable(self.router, "wan", self.server, "eth0")
        self.router.ip("addr add 192.168.1.2/24 dev lan")
        self.router.ip("addr add 2001:db8:1::2/64 nodad dev lan")
        self.router.ip("addr add 10.0.0.1/24 dev wan")
        self.router.ip("addr add 2001:db8:2::1/64 nodad dev wan")
        self.client.ip("addr add 192.168.1.10/24 dev eth0")
        self.client.ip("addr add 2001:db8:1::10/64 nodad dev eth0")
        self.server.ip("addr add 10.0.0.2/24 dev eth0")
        self.server.ip("addr add 2001:db8:2::2/64 nodad dev eth0")
        self.client.ip("route add default via 192.168.1.1")
        self.client.ip("route add default via fe80::1 dev eth0")
        self.server.ip("route add default via 10.0.0.1")
        self.server.ip("-6 route add default via 2001:db8:2::1")
        self.router.sysctl([["net/ipv4/ip_forward", "1"], ["net/ipv6/conf/all/forwarding", "1"]])


@pytest.fixture(params=["0", "1"], ids=["own_mac", "virtual_mac"])
def path(request: pytest.FixtureRequest, namespace: Callable, tmp_path: pathlib.Path) -> tuple[Path, dict]:
    one = Path(namespace)
    plan = compiled(one.router, tmp_path, CONFIG % (request.param, request.param))
    start(one.router, plan)
    return one, plan


def test_the_virtual_address_is_found_but_does_not_answer_and_traffic_passes(path: tuple[Path, dict]) -> None:
    one, _ = path
    assert one.client.ping("10.0.0.2")
    assert one.client.ping("2001:db8:2::2")
    assert one.client.neighbour("192.168.1.1")
    assert one.client.neighbour("fe80::1")
    for address in ("192.168.1.1", "2001:db8:1::1", "fe80::1%eth0"):
        assert not one.client.ping(address, 0.5), address
    assert one.client.neighbour("2001:db8:1::1")


def test_the_own_addresses_answer(path: tuple[Path, dict]) -> None:
    one, _ = path
    assert one.client.ping("192.168.1.2")
    assert one.client.ping("2001:db8:1::2")


def test_the_rules_can_be_set_twice_and_go_away_twice(path: tuple[Path, dict]) -> None:
    one, plan = path
    once = one.router.run("nft", "list", "ruleset").stdout
    run_commands(one.router, plan, "setup")
    assert one.router.run("nft", "list", "ruleset").stdout == once
    run_commands(one.router, plan, "teardown")
    run_commands(one.router, plan, "teardown")
    assert one.router.run("nft", "list", "ruleset").stdout == ""
    assert one.client.ping("192.168.1.1")


def router(**changes: object) -> dict:
    facts = {
        "accept": False,
        "priority": 100,
        "addresses": ["192.168.1.1/24"],
        "device": "br-lan",
        "address_device": "br-lan",
    }
    return {**facts, **changes}


@pytest.mark.parametrize("one", [router(accept=True), router(priority=255)], ids=["accepting", "owner"])
def test_no_rules_where_the_address_may_answer(one: dict) -> None:
    assert accept_mode.commands([one]) == {"setup": [], "teardown": []}


def test_a_link_local_address_is_dropped_on_its_own_device_only() -> None:
    text = accept_mode.commands([router(addresses=["fe80::1/64"])])["setup"][0]["stdin"]
    assert 'iifname { "br-lan" } ip6 daddr fe80::1 drop' in text


def test_accepting_routers_add_no_rules_of_their_own() -> None:
    text = accept_mode.commands([router(), router(accept=True, addresses=["10.0.0.1/24"])])["setup"][0][
        "stdin"
    ]
    assert "192.168.1.1" in text
    assert "10.0.0.1" not in text
