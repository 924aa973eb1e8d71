# SPDX-License-Identifier: GPL-2.0-or-later
"""Eight routers through fifty kills, cuts, stops, splits and heals, on Ethernet and on tun devices."""

from collections.abc import Iterator

from bench.table import Figures
from tests.lab import firewall, flows
from tests.lab.agent_node import AgentNode
from tests.lab.agent_pair import copies
from tests.lab.chaos import Chaos, Happened
from tests.lab.haven_node import HavenNode
from tests.lab.network import Fault, Network
from tests.lab.node import Node
from tests.lab.outage import active_down_ms
from tests.lab.tun_network import SIDE, TunNetwork
from tests.lab.wait import now_ns, wait_until

ROUTERS, EVENTS, INTERVAL_MS = 8, 50, 100
# What a machine of two cores with eight routers on it may hold somebody up.
STALL_MS = 1000
# Somebody has to notice that nobody serves; in the others somebody serves already.
DEATHS = ("kill", "cut", "stop")
CONNECTIONS = 40


class SecureNetwork(Network):
    """Routers with a firewall that knows connections."""

    def __init__(self, routers: int) -> None:
        super().__init__(routers)
        for router in self.routers.values():
            firewall.set_up(router)

    def power_on(self, name: str) -> Fault:
        """Give a router back with its firewall."""
        fault = super().power_on(name)
        firewall.set_up(self.routers[name])
        return fault


class Settled(Figures):
    """Figures with a bound: after a death one Active within the Active_Down_Interval, and what stalls."""

    def kept(self) -> bool:
        """Tell whether it was so, and no connection was lost."""
        slowest = max(self.values.get("slowest death, ms", [0]))
        return slowest <= active_down_ms(INTERVAL_MS, 1) + STALL_MS and not any(self.values.get("lost", []))


def many_chaos(runs: int) -> Iterator[Figures]:
    """Let fifty things happen by chance, on Ethernet with connections, and on tun devices."""
    for run in range(runs):
        yield _on_ethernet(run)
        yield _on_tun(run)


def _on_ethernet(seed: int) -> Figures:
    network = SecureNetwork(ROUTERS)
    try:
        nodes = [_node(AgentNode, network, name) for name in network.routers]
        flows.echo_server(network.server)
        chaos = _started(network, nodes, seed)
        watched, happened = [0, 0], []
        for _ in range(EVENTS):
            happened.append(_with_connections(network, chaos, watched))
        return _told(f"Ethernet, seed {seed}", happened, {"watched": watched[0], "lost": watched[1]})
    finally:
        network.delete()


def _with_connections(network: Network, chaos: Chaos, watched: list[int]) -> Happened:
    """Let one thing happen; where it is the Active's death alone, all connections are to live on."""
    is_whole = chaos.active is not None and not chaos.half
    busy = _known_connections(network, chaos) if is_whole else None
    done = chaos.happen()
    if busy is not None:
        if done.to_active and done.what in DEATHS:
            since = now_ns()
            wait_until(lambda: busy.moving_since(since) == CONNECTIONS or busy.ended(), 15, "they move")
            watched[0] += CONNECTIONS
            watched[1] += CONNECTIONS - busy.fates(since).alive
        busy.stop()
    return done


def _known_connections(network: Network, chaos: Chaos) -> flows.Busy:
    standbys = [
        node for name, node in chaos.nodes.items() if name not in chaos.dead and node is not chaos.active
    ]
    for node in standbys:
        node.wait_in_sync(60)
    busy = flows.Busy(network, CONNECTIONS)
    for node in standbys:
        wait_until(lambda node=node: copies(node) >= CONNECTIONS, 30, f"{node.name} has them", 0.1)
    return busy


def _on_tun(seed: int) -> Figures:
    network = TunNetwork(ROUTERS)
    try:
        nodes = [_node(HavenNode, network, name, own_sides=(SIDE,), unicast=True) for name in network.routers]
        chaos = _started(network, nodes, seed)
        return _told(f"tun, unicast, seed {seed}", [chaos.happen() for _ in range(EVENTS)], {})
    finally:
        network.delete()


def _node(kind: type[HavenNode], network: object, name: str, **more: object) -> HavenNode:
    return kind(network, name, priority=200 - 10 * int(name[1:]), interval_ms=INTERVAL_MS, **more)


def _started(network: Network | TunNetwork, nodes: list[Node], seed: int) -> Chaos:
    for node in nodes:
        node.start()
    chaos = Chaos(network, nodes, seed)
    chaos.wait_settled("start", "of all")
    return chaos


def _told(what: str, happened: list[Happened], more: dict[str, float]) -> Figures:
    found = Settled(what)
    found.add({"events": len(happened), **more})
    for word in sorted({each.what for each in happened}):
        times = [each.settled_ms for each in happened if each.what == word]
        found.add({f"{word}s": len(times), f"{word}, slowest ms": max(times)})
    deaths = [each.settled_ms for each in happened if each.what in DEATHS]
    found.add({"slowest death, ms": max(deaths, default=0)})
    return found
