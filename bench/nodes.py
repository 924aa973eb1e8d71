# SPDX-License-Identifier: GPL-2.0-or-later
"""The nodes whose connections are compared."""

from tests.lab import firewall
from tests.lab.agent_node import AgentNode
from tests.lab.keepalived_conntrackd import KeepalivedConntrackdNode
from tests.lab.wait import wait_until


class HavenAgent(AgentNode):
    """The whole of haven, with its defaults."""

    renew_s = 30

    def wait_synced(self, standby: "HavenAgent", budget: float = 40) -> None:
        """Wait until the standby's kernel has what this Active's has, and says so."""

        def synced() -> bool:
            held, there = (firewall.entries(node.router.namespace) for node in (self, standby))
            return abs(held - there) <= 10 + held / 100

        wait_until(synced, budget, f"{standby.name} has the connections of {self.name}", interval=0.2)
        standby.wait_in_sync(budget)

    def hand_over(self) -> None:
        """Let the other take over, as planned."""
        self.ask("switchover", group=None)


class HavenUnguarded(HavenAgent):
    """haven without the guard."""

    conntrack_more = "\toption guard '0'\n"


class Stock(KeepalivedConntrackdNode):
    """keepalived and conntrackd as they come."""

    def hand_over(self) -> None:
        """Stop in good order: keepalived has no command for a switchover."""
        self.stop()


KINDS = {"haven": HavenAgent, "keepalived": Stock}
