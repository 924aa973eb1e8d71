# SPDX-License-Identifier: GPL-2.0-or-later
"""What every kind of device and link has to go through, with connections that must live."""

from collections.abc import Callable

from tests.lab import firewall
from tests.lab.agent_node import AgentNode
from tests.lab.agent_pair import copies
from tests.lab.flows import Busy, echo_server
from tests.lab.network import Network
from tests.lab.pair import wait_settled
from tests.lab.wait import SLOW, now_ns, wait_until

COUNT, PERIOD_MS = 8, 100


class Story:
    """Two whole routers, connections through them, and what each event has cost, in ms."""

    def __init__(self, network: Network, kind: type[AgentNode] = AgentNode, **gateway: object) -> None:
        self.network = network
        self.outages_ms: dict[str, float] = {}
        # Of the connections, those that a split and its healing have left.
        self.survivors = 0
        self.nodes = [self._node(kind, name, gateway) for name in network.routers]
        self.first, self.second = self.nodes
        self.second.wait_in_sync()
        echo_server(network.server)
        self._busy = Busy(network, COUNT, period_ms=PERIOD_MS)
        self._wait_moving("the start")

    def _node(self, kind: type[AgentNode], name: str, gateway: dict[str, object]) -> AgentNode:
        is_first = name == "r1"
        firewall.set_up(self.network[name])
        node = kind(self.network, name, priority=200 if is_first else 100, interval_ms=1000, **gateway)
        node.start().wait_state("active" if is_first else "backup", 60)
        return node

    def _wait_moving(self, what: str) -> None:
        since = now_ns()
        wait_until(
            lambda: self._busy.moving_since(since) == COUNT, 40, f"every connection moves after {what}"
        )

    def _wait_copied(self) -> None:
        standby = next(node for node in self.nodes if node.state() == "backup")
        standby.wait_in_sync()
        wait_until(lambda: copies(standby) >= COUNT, 20, f"{standby.name} has the connections")

    def happens(self, what: str, act: Callable[[], object], settled: Callable[[], object]) -> None:
        """Let something happen; note the longest stall, and see that every connection lives."""
        self._wait_copied()
        self._busy.forget_stalls()
        since = now_ns()
        act()
        settled()
        self._wait_moving(what)
        fates = self._busy.fates(since)
        assert fates.alive == COUNT, f"{what}: {fates}"
        self.outages_ms[what] = fates.longest_stall_ms

    def switchover(self) -> None:
        """Ask for it, and for the way back."""
        for old, new in ((self.first, self.second), (self.second, self.first)):
            self.happens(
                "switchover",
                lambda old=old: old.ask("switchover", budget=20 * SLOW, group=None),
                lambda new=new: new.wait_state("active"),
            )
            self._settle()

    def cable(self) -> None:
        """Pull the LAN cable of the Active, and put it back."""
        pulled = self._active()
        other = self._asking(pulled)
        self.happens(
            "cable", lambda: self.network.cable_pull(pulled.name, "lan"), lambda: other.wait_state("active")
        )
        self.network.cable_plug(pulled.name, "lan")
        self._settle()

    def split(self) -> None:
        """Keep the routers from hearing each other at all, and let them again."""

        def both_active() -> None:
            wait_until(lambda: [node.state() for node in self.nodes] == ["active"] * 2, 30, "both are Active")

        for segment in ("lan", "wan"):
            self.network.split(segment)
        both_active()
        self.network.heal()
        since = now_ns()
        self._settle()
        wait_until(lambda: self._busy.moving_since(since) or self._busy.ended() == COUNT, 40, "it goes on")
        # Each router has changed what only one may: which connection survives that is chance.
        self.survivors = COUNT - self._busy.ended()
        self._busy = Busy(self.network, COUNT, period_ms=PERIOD_MS)
        self._wait_moving("split and heal")

    def reload(self) -> None:
        """Give the Active one more address: nobody takes over."""
        active = self._active()
        before = _times_active(active)

        def act() -> None:
            active.configure(more={"track_interface": (active.router.device("sync"),)})
            active.cli("reload")

        self.happens("reload", act, lambda: None)
        assert _times_active(active) == before and active.state() == "active"

    def power_cut(self) -> None:
        """Cut the power of the Active."""
        dying = self._active()
        other = self._asking(dying)
        self.happens(
            "power cut", lambda: self.network.power_cut(dying.name), lambda: other.wait_state("active")
        )

    def run(self) -> list[str]:
        """Let everything happen; return the longest stalls of connections, and how many a split has left."""
        self.switchover()
        self.cable()
        self.split()
        self.reload()
        self.power_cut()
        return [*(f"{value:.0f} ms" for value in self.outages_ms.values()), f"{self.survivors} of {COUNT}"]

    def _settle(self) -> None:
        wait_settled(self.nodes, 30)

    def _active(self) -> AgentNode:
        return wait_settled(self.nodes, 30)

    def _asking(self, active: AgentNode) -> AgentNode:
        """Return the standby once it trusts the answers of the Active's kernel, as it does after seconds."""
        standby = next(each for each in self.nodes if each is not active)
        wait_until(standby.asks_kernel, 60, "the answers are trusted on all ways")
        return standby


def _times_active(node: AgentNode) -> int:
    """Count how often a router has become Active since it was started."""
    return max(each["counters"]["became_active"] for each in node.status()["virtual_routers"])
