# SPDX-License-Identifier: GPL-2.0-or-later
"""A node whose address a routing daemon announces."""

from tests.lab.agent_node import AgentNode
from tests.lab.gateway import Side
from tests.lab.haven_node import HavenNode
from tests.lab.network import Network, addresses_of

SERVED = "10.9.9.1"
ACTIVE_METRIC, STANDBY_METRIC = 100, 900


class RoutedNode(AgentNode):
    """A router with an address on its loopback, and no connections to copy."""

    def __init__(self, network: Network, name: str, segment: str = "lan", **gateway: object) -> None:
        side = Side("service", segment, 4, 9, (f"{SERVED}/32",))
        metrics = {"announce_metric": str(ACTIVE_METRIC), "standby_metric": str(STANDBY_METRIC)}
        if gateway.get("unicast_hops"):
            metrics["auth_key"] = f"hex:{'7e' * 32}"
        super().__init__(network, name, own_sides=(side,), more={"announce": "route", **metrics}, **gateway)

    def config_text(self) -> str:
        """Write the UCI text."""
        return HavenNode.config_text(self)

    def metrics(self) -> list[int]:
        """Tell the metrics of the routes that a routing daemon finds."""
        found = self.router.namespace.ip_json("route", "show", SERVED)
        return sorted(each["metric"] for each in found if each.get("dev") == "lo")

    def has_address(self) -> bool:
        """Tell whether its kernel has the address."""
        return SERVED in addresses_of(self.router.namespace, "lo")
