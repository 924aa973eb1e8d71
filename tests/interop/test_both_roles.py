# SPDX-License-Identifier: GPL-2.0-or-later
"""haven and keepalived as one gateway: each takes over from the other, hands back, and has no complaint."""

import pytest

from tests.interop.mixed import ROLES, Roles, check_content, mixed, wait_holds_all
from tests.lab.network import Network
from tests.lab.node import Node
from tests.lab.probe import Probe
from tests.lab.wait import wait_until

VARIANTS = {
    "plain": {"families": (4, 6)},
    "at 10 ms": {"interval_ms": 10},
    "unicast": {"families": (4, 6), "unicast": True},
    "virtual MAC": {"families": (4, 6), "virtual_mac": True},
}
ONCE_A_SECOND = {"version": 2, "interval_ms": 1000}
VERSION_2 = {
    "haven first": (ROLES["haven first"], "s3cret"),
    "keepalived first": (ROLES["keepalived first"], "s3cret"),
    "without a password": (ROLES["haven first"], ""),
}
# Machines that run other work at the same time stall for some tens of milliseconds.
NOISE_MS = 120

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
    print(result)
    interval = first.gateway.interval_ms
    # RFC 9568 6.1: three intervals and the Skew_Time of priority 100.
    assert result.longest_gap_ms < 3 * interval + interval * 156 / 256 + NOISE_MS
    check_content(first, second)


def move(probe: Probe, to: Node) -> None:
    to.wait_state("active")
    # A dead router's kernel keeps its addresses, so only this one's are looked at.
    wait_until(to.holds, 2, f"{to.name} holds the addresses")
    probe.wait_service()


@pytest.mark.parametrize("roles, password", VERSION_2.values(), ids=VERSION_2.keys())
def test_version_2_is_handed_over_and_back(network: Network, roles: Roles, password: str) -> None:
    first, second = mixed(network, roles, preempt=True, auth_pass=password, **ONCE_A_SECOND)
    first.stop()
    second.wait_state("active", budget=2)
    wait_holds_all(second)
    first.start().wait_state("active")
    second.wait_state("backup")
    wait_holds_all(first)
    check_content(first, second)


@both_roles
def test_stop_of_one_is_not_noticed(network: Network, roles: Roles) -> None:
    first, second = mixed(network, roles)
    probe = network.probe()
    probe.wait_service()
    first.stop()
    move(probe, second)
    wait_holds_all(second)
    first.start().wait_state("backup")
    result = probe.stop()
    print(result)
    # keepalived gives its addresses up first and says so afterwards; the other waits its Skew_Time of 61 ms.
    assert result.longest_gap_ms < 61 + NOISE_MS
    check_content(first, second)
