# SPDX-License-Identifier: GPL-2.0-or-later
"""Addresses that a routing daemon announces, on routers that really run."""

from tests.lab.agent_node import AgentNode
from tests.lab.gateway import Side
from tests.lab.haven_node import HavenNode
from tests.lab.network import Network, addresses_of
from tests.lab.wait import wait_until

SERVICE = "10.9.9.1"
# The address alone, without an agent, stays for eight seconds.
WITHDRAWN_S = 4


class RoutedNode(AgentNode):
    """A router with an address on its loopback, and no connections to copy."""

    def __init__(self, network: Network, name: str, **gateway: object) -> None:
        side = Side("service", "lan", 4, 9, (f"{SERVICE}/32",))
        more = {"announce": "route", "standby_metric": "900"}
        super().__init__(network, name, own_sides=(side,), more=more, **gateway)

    def config_text(self) -> str:
        """Write the UCI text."""
        return HavenNode.config_text(self)

    def metrics(self) -> list[int]:
        """Tell the metrics of the routes that a routing daemon would find."""
        found = self.router.namespace.ip_json("route", "show", SERVICE)
        return sorted(each["metric"] for each in found)

    def has_address(self) -> bool:
        """Tell whether its kernel has the address."""
        return SERVICE in addresses_of(self.router.namespace, "lo")


def test_address_and_metric_go_by_role_and_nothing_is_said_by_arp(network: Network) -> None:
    first, second = RoutedNode(network, "r1", priority=200), RoutedNode(network, "r2")
    capture = network.capture("lan")
    first.start().wait_state("active")
    second.start().wait_state("backup")
    assert (first.metrics(), second.metrics()) == ([100, 900], [900])
    first.ask("switchover", group=None)
    wait_until(lambda: second.metrics() == [100, 900] and first.metrics() == [900], 5, "the routes move")
    assert second.has_address() and not first.has_address()
    # A havend that is killed and not started again: its agent withdraws what it has left.
    second.kill9()
    first.wait_state("active")
    wait_until(lambda: second.metrics() == [900], WITHDRAWN_S, "the route of the dead one is away")
    assert not second.has_address()
    assert capture.adverts() and capture.gratuitous_arps(SERVICE) == []
    first.stop()
    assert first.metrics() == []
