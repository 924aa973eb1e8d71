# SPDX-License-Identifier: GPL-2.0-or-later
"""haven and keepalived as one gateway: each takes over from the other, hands back, and has no complaint."""

import pytest

from tests.interop.mixed import ROLES, Roles, check_content, mixed, wait_holds_all
from tests.lab.network import Network
from tests.lab.node import Node
from tests.lab.outage import HANDOVER_INTERVAL_MS, active_down_ms, check_outage
from tests.lab.probe import Probe
from tests.lab.wait import wait_until

VARIANTS = {
    "plain": {"families": (4, 6)},
    "at 10 ms": {"interval_ms": 10},
    # keepalived sends IPv6 unicast with the hop limit of everything else, 64.
    "unicast": {"families": (4, 6), "unicast": True, "unicast_hops": 191},
    "virtual MAC": {"families": (4, 6), "virtual_mac": True},
}
ONCE_A_SECOND = {"version": 2, "interval_ms": 1000}
VERSION_2 = {
    "haven first": (ROLES["haven first"], "s3cret"),
    "keepalived first": (ROLES["keepalived first"], "s3cret"),
    "without a password": (ROLES["haven first"], ""),
}

both_roles = pytest.mark.parametrize("roles", ROLES.values(), ids=ROLES.keys())


@both_roles
@pytest.mark.parametrize("options", VARIANTS.values(), ids=VARIANTS.keys())
def test_power_cut_moves_the_gateway_to_the_other_and_preemption_moves_it_back(
    network: Network, roles: Roles, options: dict
) -> None:
    first, second = mixed(network, roles, preempt=True, **options)
    probe = network.probe()
    probe.wait_service()
    network.power_cut("r1")
    move(probe, second)
    network.power_on("r1")
    first.start()
    move(probe, first)
    second.wait_state("backup")
    wait_holds_all(first)
    result = probe.stop()
    check_outage(result, active_down_ms(first.gateway.interval_ms))
    check_content(first, second)


def move(probe: Probe, to: Node) -> None:
    to.wait_state("active")
    # A dead router's kernel keeps its addresses, so only this one's are looked at.
    wait_until(to.holds, 2, f"{to.name} holds the addresses")
    probe.wait_service()


@pytest.mark.parametrize("roles, password", VERSION_2.values(), ids=VERSION_2.keys())
def test_version_2_is_handed_over_and_back(network: Network, roles: Roles, password: str) -> None:
    first, second = mixed(network, roles, preempt=True, auth_pass=password, **ONCE_A_SECOND)
    capture = network.capture("lan")
    first.stop()
    second.wait_state("active")
    assert 0 in {advert.priority for advert in capture.adverts(sender="r1")}, "it has not handed over"
    wait_holds_all(second)
    first.start().wait_state("active")
    second.wait_state("backup")
    wait_holds_all(first)
    check_content(first, second)


@both_roles
def test_stop_of_one_is_not_noticed(network: Network, roles: Roles) -> None:
    first, second = mixed(network, roles, interval_ms=HANDOVER_INTERVAL_MS)
    probe = network.probe()
    probe.wait_service()
    first.stop()
    move(probe, second)
    wait_holds_all(second)
    first.start().wait_state("backup")
    result = probe.stop()
    # keepalived gives its addresses up first and says so afterwards; the other waits its Skew_Time of 244 ms.
    check_outage(result)
    check_content(first, second)
