# SPDX-License-Identifier: GPL-2.0-or-later
"""Hosts that know their IPv6 router from its advertisements alone, beside IPv4 in the same run."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import median

from tests.lab import firewall
from tests.lab.flows import Busy, echo_server
from tests.lab.network import GATEWAY6_LINK_LOCAL, SERVICE, SERVICE6, Network
from tests.lab.pair import wait_settled
from tests.lab.ra_hosts import RaHost, RaNode, ra_hosts
from tests.lab.wait import now_ns, wait_until

HOSTS, COUNT = 4, 200
# IPv6's stall by IPv4's, which both end by chance of a similar order: when TCP tries again, or with the next
# message.
BOUND, PERIOD_MS = 1.1, 20
# A segment is sent again after 0.2, 0.6, 1.4, 3 and 6.2 s.
AFTERMATH_S = 8
SPLIT_S = 4


@dataclass
class Families:
    """What became of the connections of both families in one kind of event, and of the hosts' tables."""

    what: str
    alive: dict[int, list[int]] = field(default_factory=lambda: {4: [], 6: []})
    stalls: dict[int, list[float]] = field(default_factory=lambda: {4: [], 6: []})
    # Default routers at once at the worst moment, and changes of default routes, of all hosts.
    routers: list[int] = field(default_factory=list)
    changes: list[int] = field(default_factory=list)

    @staticmethod
    def heading() -> str:
        """Return the lines above the rows."""
        names = f"{'least alive, median stall (least - most) ms':<44} | {'IPv4':>26} | {'IPv6':>26} | ratio |"
        return f"{names}\n{'-' * len(names)}"

    def ratio(self) -> float:
        """Return IPv6's stall by IPv4's."""
        return median(self.stalls[6]) / median(self.stalls[4])

    def kept(self) -> bool:
        """Tell whether nothing was lost, and IPv6 fared like IPv4."""
        whole = min(self.alive[6]) == min(self.alive[4]) == COUNT
        is_like = median(self.stalls[6]) <= BOUND * median(self.stalls[4]) + PERIOD_MS
        return whole and is_like and max(self.routers) == 1 and max(self.changes) == 0

    def row(self) -> str:
        """Return the line of the table."""
        tables = f"default routers at most {max(self.routers)}, table changes {max(self.changes)}"
        verdict = "ok" if self.kept() else "MISSED"
        cells = [f"{self.what:<44}", *(f"{self._figure(family):>26}" for family in (4, 6))]
        return " | ".join([*cells, f"{self.ratio():5.2f}", f"{tables}: {verdict}"])

    def _figure(self, family: int) -> str:
        stalls = self.stalls[family]
        return f"{min(self.alive[family])}, {median(stalls):.0f} ({min(stalls):.0f} - {max(stalls):.0f})"


class Lan:
    """Both routers, the hosts, and the connections of both families through them."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.nodes = [self._node(name) for name in network.routers]
        self.nodes[1].wait_in_sync()
        echo_server(network.server)
        self.hosts = ra_hosts(network, HOSTS)
        each = COUNT // HOSTS
        six = [Busy(network, each, SERVICE6, host=host.namespace) for host in self.hosts]
        self.flows = {4: [Busy(network, COUNT, SERVICE)], 6: six}
        self._before: list[list[str]] = []

    def _node(self, name: str) -> RaNode:
        firewall.set_up(self.network[name])
        is_first = name == "r1"
        node = RaNode(self.network, name, priority=200 if is_first else 100, families=(4, 6))
        node.configure()
        node.start().wait_state("active" if is_first else "backup")
        return node

    def begin(self) -> None:
        """Note how things are before an event."""
        time.sleep(2)
        self._before = [host.news() for host in self.hosts]
        for each in [*self.flows[4], *self.flows[6]]:
            each.forget_stalls()

    def end(self, row: Families) -> None:
        """Take what became of everything."""
        time.sleep(AFTERMATH_S)
        since = now_ns() - 10**9
        for family, flows in self.flows.items():
            fates = [each.fates(since) for each in flows]
            row.alive[family].append(sum(fate.alive for fate in fates))
            row.stalls[family].append(max(fate.longest_stall_ms for fate in fates))
        row.routers.append(max(host.most_default_routers() for host in self.hosts))
        row.changes.append(sum(map(self._changes, self.hosts, self._before)))
        assert all(host.default_routers() == {GATEWAY6_LINK_LOCAL} for host in self.hosts)

    @staticmethod
    def _changes(host: RaHost, before: list[str]) -> int:
        return len(host.news()) - len(before)

    def active(self) -> RaNode:
        """Tell who is Active."""
        return wait_settled(self.nodes)  # type: ignore[return-value]


def _switchover(lan: Lan) -> None:
    active = lan.active()
    active.ask("switchover", group=None)
    wait_until(lambda: active.state() == "backup", 10, "the other one is Active")


def _maintenance(lan: Lan) -> None:
    active = lan.active()
    active.cli("maintenance", "on")
    wait_until(lambda: active.state() != "active", 10, "the other one is Active")
    active.cli("maintenance", "off")


def _split(lan: Lan) -> None:
    for segment in ("lan", "wan"):
        lan.network.split(segment)
    wait_until(lambda: all(node.state() == "active" for node in lan.nodes), 10, "both are Active")
    time.sleep(SPLIT_S)
    lan.network.heal()
    lan.active()


def _power_cut(lan: Lan) -> None:
    name = lan.active().name
    lan.network.power_cut(name)
    (other,) = [node for node in lan.nodes if node.name != name]
    other.wait_state("active")


# The last one leaves no pair behind.
EVENTS: dict[str, Callable[[Lan], None]] = {
    "switchover": _switchover,
    "maintenance": _maintenance,
    "split and heal": _split,
    "power cut": _power_cut,
}


def advertised_hosts(runs: int) -> Iterator[Families]:
    """Let everything happen, one after the other, in a new network each run."""
    rows = {name: Families(f"{name}, {COUNT} TCP each") for name in EVENTS}
    for _ in range(runs):
        network = Network()
        try:
            lan = Lan(network)
            for name, happen in EVENTS.items():
                lan.begin()
                happen(lan)
                lan.end(rows[name])
        finally:
            network.delete()
    yield from rows.values()
