# SPDX-License-Identifier: GPL-2.0-or-later
"""Virtual routers whose addresses a routing daemon announces."""

from collections.abc import Callable
from typing import Any

import pytest

from haven.contract.plan import Plan
from haven.plan.sequences import sequences
from haven.plan.stages import stages
from tests.plan.test_plan_compile import compiled, section, texts
from tests.plan.test_plan_kernel import place
from tests.plan.world import Namespace

HOST, HOST6 = "10.9.9.1", "2001:db8:9::1"


def routed(**options: Any) -> dict[str, Any]:
    return compiled(section(announce="route", **options))


@pytest.fixture
def router(namespace: Callable[[], Namespace]) -> Namespace:
    return namespace()


def of_family(family: int, **changes: Any) -> dict[str, Any]:
    addresses = (f"{HOST}/24",) if family == 4 else ("fe80::9/64", f"{HOST6}/64")
    facts = {"address_device": "lo", "addresses": addresses, "routes": (), "metric": 50, **changes}
    return stages(place(family, **facts))


def metrics(router: Namespace, family: int) -> list[int]:
    host = HOST if family == 4 else HOST6
    found = router.look(f"-{family} route show {host} proto 112")
    return sorted(each["metric"] for each in found)


def test_addresses_stand_on_the_loopback_and_nobody_is_told_by_arp() -> None:
    plan = routed()
    (one,) = plan["virtual_routers"]
    assert (one["device"], one["address_device"], one["announce"]) == ("br-lan", "lo", "route")
    says = [step["say"] for step in one["takeover"]]
    assert says == [
        "add 192.168.1.1/32 to lo",
        "add route 192.168.1.1/32 dev lo src 192.168.1.1 metric 100",
    ]
    for steps in sequences(Plan(plan).groups[0], []).values():
        assert not [step for step in steps if step["code"].startswith("announce")]


def test_a_route_that_every_router_has_is_made_at_the_start() -> None:
    (one,) = routed(standby_metric="900")["virtual_routers"]
    assert [step["say"] for step in one["setup"]] == ["add route 192.168.1.1/32 dev lo metric 900"]
    assert [step["say"] for step in one["teardown"]] == ["delete route 192.168.1.1/32 dev lo metric 900"]


def test_a_device_that_is_not_there_is_named() -> None:
    (text,) = texts(routed(announce_device="dummy9"))
    assert text.endswith("option 'announce_device': device 'dummy9' does not exist yet")
    assert texts(routed()) == []


@pytest.mark.parametrize("family", [4, 6])
def test_the_kernel_has_one_route_by_role(router: Namespace, family: int) -> None:
    steps = of_family(family, standby_metric=900)
    router.carry_out(steps["setup"])
    assert metrics(router, family) == [900]
    router.carry_out(steps["takeover"])
    router.carry_out([step for step in steps["takeover"] if step.get("renew")])
    assert metrics(router, family) == [50, 900]
    router.carry_out(steps["release"])
    assert metrics(router, family) == [900]
    router.carry_out(steps["teardown"])
    assert metrics(router, family) == []
    assert set(router.addresses("lo")) <= {"127.0.0.1", "::1"}


def test_the_route_leaves_with_an_address_that_nobody_renews(router: Namespace) -> None:
    router.carry_out(of_family(4)["takeover"])
    assert metrics(router, 4) == [50]
    router.ip(f"address del {HOST}/32 dev lo")
    assert metrics(router, 4) == []
