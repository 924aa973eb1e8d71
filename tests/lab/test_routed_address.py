# SPDX-License-Identifier: GPL-2.0-or-later
"""Addresses that a routing daemon announces, on routers that really run."""

from tests.lab.network import Network
from tests.lab.routed_node import ACTIVE_METRIC, SERVED, STANDBY_METRIC, RoutedNode
from tests.lab.wait import wait_until

BOTH = [ACTIVE_METRIC, STANDBY_METRIC]


def test_address_and_metric_go_by_role_and_nothing_is_said_by_arp(network: Network) -> None:
    first, second = RoutedNode(network, "r1", priority=200), RoutedNode(network, "r2")
    capture = network.capture("lan")
    first.start().wait_state("active")
    second.start().wait_state("backup")
    assert (first.metrics(), second.metrics()) == (BOTH, [STANDBY_METRIC])
    first.ask("switchover", group=None)
    wait_until(lambda: (second.metrics(), first.metrics()) == (BOTH, [STANDBY_METRIC]), 5, "the routes move")
    wait_until(lambda: second.has_address() and not first.has_address(), 5, "the address moves")
    # A havend that is killed and not started again: its agent withdraws what it has left.
    second.kill9()
    # The address alone, without an agent, would stay.
    second.router.namespace.ip(f"address change {SERVED}/32 dev lo valid_lft forever preferred_lft forever")
    first.wait_state("active")
    wait_until(lambda: second.metrics() == [STANDBY_METRIC], 10, "the dead one's route is away")
    assert not second.has_address()
    assert capture.adverts() and capture.gratuitous_arps(SERVED) == []
    first.stop()
    assert first.metrics() == []
