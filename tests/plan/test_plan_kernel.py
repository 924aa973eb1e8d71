# SPDX-License-Identifier: GPL-2.0-or-later
"""The steps of a plan, carried out on the kernel in a namespace of their own."""

from collections.abc import Callable

import pytest

from haven.plan.netlink_encoder import RouteParts
from haven.plan.stages import RouterPlace, stages
from tests.plan.world import Namespace, cable

DEFAULT = RouteParts(4, "", "192.168.1.254", None, "192.168.1.1", None, None)
TABLE = RouteParts(4, "10.8.0.0/16", "192.168.1.254", "lan", None, 7, 1000)


@pytest.fixture
def router(namespace: Callable[[], Namespace]) -> Namespace:
    one = namespace()
    cable(one, "lan", namespace(), "peer")
    one.ip("addr add 192.168.1.2/24 dev lan")
    one.ip("addr add 2001:db8:1::2/64 dev lan nodad")
    return one


def place(family: int = 4, **changes: object) -> RouterPlace:
    """A virtual router on the device `lan`."""
    facts = {
        "family": family,
        "device": "lan",
        "address_device": "lan",
        "virtual_mac": None,
        "bridge": None,
        "addresses": ("192.168.1.1/24",) if family == 4 else ("fe80::1/64", "2001:db8:1::1/64"),
        "routes": (DEFAULT, TABLE) if family == 4 else (),
        "lifetime_us": 8_000_000,
    }
    return RouterPlace(**{**facts, **changes})


def with_macvlan(family: int, **changes: object) -> RouterPlace:
    mac = "00:00:5e:00:0%d:33" % (2 if family == 6 else 1)
    return place(family, virtual_mac=mac, address_device="hv%d-51-lan" % family, **changes)


def picture(router: Namespace) -> object:
    """What addresses and routes there are, without counters."""
    addresses = [
        (row["ifname"], a["local"], a["prefixlen"]) for row in router.look("addr") for a in row["addr_info"]
    ]
    routes = [router.ip("%s route show table all" % family) for family in ("-4", "-6")]
    return addresses, routes


def test_an_ipv4_address_arrives_with_a_lifetime(router: Namespace) -> None:
    router.carry_out(stages(place())["takeover"])
    held = router.addresses("lan")["192.168.1.1"]
    assert held["prefixlen"] == 32
    assert 6 <= held["valid_life_time"] <= 8
    assert 6 <= held["preferred_life_time"] <= 8


def test_an_ipv6_address_is_usable_at_once_and_never_preferred(router: Namespace) -> None:
    router.carry_out(stages(place(6))["takeover"])
    for address in ("fe80::1", "2001:db8:1::1"):
        held = router.addresses("lan")[address]
        assert held["nodad"]
        assert held["deprecated"]
        assert not held.get("tentative")
        assert (held["prefixlen"], held["preferred_life_time"]) == (128, 0)
        assert 6 <= held["valid_life_time"] <= 8


def test_routes_arrive_and_say_where_they_come_from(router: Namespace) -> None:
    router.carry_out(stages(place())["takeover"])
    default, near = router.look("route show proto 112")
    assert (default["dst"], default["gateway"], default["prefsrc"]) == (
        "default",
        "192.168.1.254",
        "192.168.1.1",
    )
    assert (near["dst"], near["metric"]) == ("192.168.1.0/24", 4096)
    assert router.look("route show table 1000")[0]["dst"] == "10.8.0.0/16"


@pytest.mark.parametrize("build", [place, with_macvlan])
@pytest.mark.parametrize("family", [4, 6])
def test_release_leaves_nothing_behind(router: Namespace, build: Callable, family: int) -> None:
    before = picture(router)
    one = build(family)
    router.carry_out(stages(one)["setup"])
    router.carry_out(stages(one)["takeover"])
    assert picture(router) != before
    router.carry_out(stages(one)["release"])
    router.carry_out(stages(one)["teardown"])
    assert picture(router) == before


@pytest.mark.parametrize("build", [place, with_macvlan])
@pytest.mark.parametrize("family", [4, 6])
def test_every_stage_can_be_carried_out_twice(router: Namespace, build: Callable, family: int) -> None:
    one = build(family)
    by_stage = stages(one)
    assert list(by_stage) == ["setup", "takeover", "release", "teardown"]
    for steps in by_stage.values():
        router.carry_out(steps)
        after_once = picture(router)
        router.carry_out(steps)
        assert picture(router) == after_once


@pytest.mark.parametrize("build", [place, with_macvlan])
@pytest.mark.parametrize("family", [4, 6])
def test_release_and_teardown_do_no_harm_when_there_is_nothing(
    router: Namespace, build: Callable, family: int
) -> None:
    before = picture(router)
    one = build(family)
    router.carry_out(stages(one)["release"])
    router.carry_out(stages(one)["teardown"])
    router.ip("link del lan")
    router.carry_out(stages(one)["release"])
    router.carry_out(stages(one)["teardown"])
    assert before != picture(router), "only the device has gone"


def test_a_renewal_lengthens_the_life_again(router: Namespace) -> None:
    short = place(lifetime_us=3_000_000)
    router.carry_out(stages(short)["takeover"])
    renewals = [step for step in stages(place())["takeover"] if step.get("renew")]
    router.carry_out(renewals)
    assert router.addresses("lan")["192.168.1.1"]["valid_life_time"] > 3


@pytest.mark.parametrize("family", [4, 6])
def test_the_macvlan_is_made_down_and_without_addresses(router: Namespace, family: int) -> None:
    one = with_macvlan(family)
    router.carry_out(stages(one)["setup"])
    link = router.look("link show dev %s" % one.address_device)[0]
    assert "UP" not in link["flags"]
    assert link["address"] == one.virtual_mac
    assert link["linkinfo"]["info_data"]["mode"] == "vepa"
    assert router.addresses(one.address_device) == {}


@pytest.mark.parametrize("family", [4, 6])
def test_the_macvlan_up_holds_the_virtual_addresses_and_no_other(router: Namespace, family: int) -> None:
    one = with_macvlan(family)
    router.carry_out(stages(one)["setup"])
    router.carry_out(stages(one)["takeover"])
    assert "UP" in router.look("link show dev %s" % one.address_device)[0]["flags"]
    assert sorted(router.addresses(one.address_device)) == sorted(
        address.split("/")[0] for address in one.addresses
    )
    router.carry_out(stages(one)["release"])
    assert "UP" not in router.look("link show dev %s" % one.address_device)[0]["flags"]


def test_the_own_address_stays_primary_when_it_comes_after_the_virtual_one(router: Namespace) -> None:
    router.ip("addr del 192.168.1.2/24 dev lan")
    one = place(routes=())
    router.carry_out(stages(one)["takeover"])
    router.ip("addr add 192.168.1.2/24 dev lan")
    assert "secondary" not in router.addresses("lan")["192.168.1.2"]
    router.carry_out(stages(one)["release"])
    assert list(router.addresses("lan"))[0] == "192.168.1.2"
    assert [route["dst"] for route in router.look("route show dev lan")] == ["192.168.1.0/24"]


def test_a_route_of_somebody_else_survives_takeover_and_release(router: Namespace) -> None:
    router.ip("route add default via 192.168.1.253")
    router.carry_out(stages(place())["takeover"])
    router.carry_out(stages(place())["release"])
    assert [route["gateway"] for route in router.look("route show default")] == ["192.168.1.253"]
