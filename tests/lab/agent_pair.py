# SPDX-License-Identifier: GPL-2.0-or-later
"""Whole nodes with connections through them: what a takeover must not end."""

from tests.lab import firewall
from tests.lab.agent_node import AgentNode
from tests.lab.flows import Busy, echo_server
from tests.lab.network import CLIENT, GATEWAY, Network
from tests.lab.resets import Resets
from tests.lab.wait import now_ns, wait_until

COUNT = 50
SECOND_NS = 1_000_000_000

Pair = tuple[AgentNode, AgentNode]


def agent_gateway(
    network: Network,
    renew_s: int | None = 10,
    udp_stream_timeout: int = 120,
    conntrack_more: str = "",
    **gateway: object,
) -> list[AgentNode]:
    """Start a node on each router: r1 Active, every other a Backup in sync."""
    nodes = []
    for name, router in network.routers.items():
        firewall.set_up(router, udp_stream_timeout=udp_stream_timeout)
        node = AgentNode(network, name, priority=100 if nodes else 200, **gateway)
        node.renew_s = renew_s
        node.conntrack_more = conntrack_more
        node.configure()
        node.start().wait_state("backup" if nodes else "active")
        nodes.append(node)
    for node in nodes[1:]:
        node.wait_in_sync()
    echo_server(network.server)
    return nodes


class Through:
    """Busy connections through the gateway, and what the routers refuse meanwhile."""

    def __init__(self, network: Network, *standbys: AgentNode) -> None:
        self._busy, self._resets = Busy(network, COUNT), Resets(network)
        self.wait_moving()
        for node in standbys:
            wait_until(lambda node=node: copies(node) >= COUNT, 10, f"{node.name} has the connections")

    def wait_moving(self, budget: float = 20) -> None:
        """Wait until every connection has made progress since now; raise with what became of them."""
        since = now_ns()
        try:
            wait_until(lambda: self._busy.moving_since(since) == COUNT, budget, "every connection moves")
        except TimeoutError as late:
            what = f"{self._busy.fates(since)}; refused by {self._resets.by_sender()}"
            raise AssertionError(f"{late}: {what}") from None

    def all_move(self) -> bool:
        """Tell whether every connection has made progress in the last second."""
        return self._busy.moving_since(now_ns() - SECOND_NS) == COUNT

    def assert_all_live_on(self) -> None:
        """Wait until every connection moves, and see that no router has refused a packet."""
        self.wait_moving()
        assert self._resets.by_sender() == {}


def copies(node: AgentNode) -> int:
    """Count the entries that a router has of the client's flows."""
    return len(firewall.flows(node.router.namespace, "--orig-src", CLIENT))


def codes(node: AgentNode) -> set[str]:
    """Tell the codes of the problems in the status."""
    return {problem["code"] for problem in node.problems()}


def wait_code(node: AgentNode, code: str, budget: float = 20) -> dict:
    """Wait until the status names a problem, and tell it."""

    def named() -> dict | None:
        return next((each for each in node.problems() if each["code"] == code), None)

    return wait_until(named, budget, f"{node.name} says {code}")


def wait_no_problem(node: AgentNode, budget: float = 40) -> None:
    """Wait until nothing is the matter any more."""
    wait_until(lambda: codes(node) == set(), budget, f"{node.name} has no problem any more")


def wait_armed(node: AgentNode) -> None:
    """Wait until a standby would guard young connections at a takeover."""
    wait_until(lambda: guarded(node), 20, f"{node.name} is armed")


def guarded(node: AgentNode) -> bool:
    """Tell whether the rules of a router have an address to match."""
    return (
        GATEWAY in node.router.namespace.run("nft", "list", "ruleset").partition("table inet haven_guard")[2]
    )
