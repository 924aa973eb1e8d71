# SPDX-License-Identifier: GPL-2.0-or-later
"""Two whole nodes of the lab, each with haven on its ubus."""

from pathlib import Path

from tests.bus.ubus_broker import Broker, make_broker
from tests.bus.ubus_caller import Caller
from tests.lab import firewall
from tests.lab.agent_node import AgentNode
from tests.lab.agent_pair import wait_no_problem
from tests.lab.network import Network
from tests.lab.wait import wait_until


class PairNode(AgentNode):
    """A node whose agent finds a ubus."""

    broker: Broker

    def agent_command(self) -> list[str]:
        """Start the agent with the configuration, which `plan` and `validate` need."""
        return [*super().agent_command(), "--config", str(self.config_path)]

    def revive(self) -> None:
        """Start what does not run."""
        if not self.running:
            self.start()
        elif self.agent is None or self.agent.poll() is not None:
            self.start_agent()

    def ask_ubus(self, method: str, **arguments: object) -> dict:
        """Call a method of the object `haven`; it must go well."""
        with Caller(self.broker.path) as caller:
            status, document = caller.call("haven", method, arguments)
        assert status == 0, document
        return document

    def wait_served(self) -> None:
        """Wait until the object is there."""
        with Caller(self.broker.path) as caller:
            caller.wait_for("haven")


class Pair:
    """r1, which is Active, and r2."""

    def __init__(self, network: Network, folder: Path) -> None:
        self.network = network
        self.nodes = []
        for name in network.routers:
            firewall.set_up(network.routers[name])
            node = PairNode(network, name, priority=100 if self.nodes else 200)
            node.broker = make_broker("stand-in", folder / f"{name}.sock").start()
            node.agent_environment = {"HAVEN_UBUS_SOCKET": str(node.broker.path)}
            node.configure()
            node.start().wait_state("backup" if self.nodes else "active")
            self.nodes.append(node)
        self.first, self.second = self.nodes
        self.second.wait_in_sync()
        for node in self.nodes:
            node.wait_served()
            wait_until(
                lambda node=node: self._knows_the_other(node), 30, f"{node.name} is told of the other table"
            )

        self._calm_down()

    def _calm_down(self) -> None:
        for node in self.nodes:
            wait_no_problem(node)

    def _knows_the_other(self, node: PairNode) -> bool:
        return any(peer["entries"] is not None for peer in node.status()["peers"])

    def settle(self) -> None:
        """Wait until both are again what they were in the beginning."""
        if self.first.state() != "active":
            self.second.ask_ubus("switchover")
        self.first.wait_state("active")
        self.second.wait_state("backup")
        self._calm_down()

    def close(self) -> None:
        """End what is not in the network's namespaces."""
        for node in self.nodes:
            node.broker.kill()
