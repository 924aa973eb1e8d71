# SPDX-License-Identifier: GPL-2.0-or-later
"""A routed network: a client three hops away from an address that two routers hold in turn.

client --- x1 --- x2 --- r1
                   \\--- r2

Only routers are between r1 and r2. x2 learns where the address is by OSPF or BGP, with BFD.
"""

import tempfile
from pathlib import Path

from tests.interop.routing_daemons import RoutingDaemon
from tests.lab.asking import Asking
from tests.lab.namespace import Namespace, lab_number
from tests.lab.network import memory_folder
from tests.lab.routed_node import ACTIVE_METRIC, SERVED, STANDBY_METRIC, RoutedNode
from tests.lab.wait import wait_until

LINKS = (("client", "x1", "192.0.2"), ("x1", "x2", "10.1.0"), ("x2", "r1", "10.1.1"), ("x2", "r2", "10.1.2"))
CUT = """
table inet cut {
 chain in { type filter hook prerouting priority raw; drop; }
 chain out { type filter hook output priority raw; drop; }
}
"""


class RoutedRouter:
    """r1 or r2, as a node asks for it."""

    def __init__(self, number: int, namespace: Namespace) -> None:
        self.name, self.namespace, self._number = f"r{number}", namespace, number

    def address(self, _segment: str) -> str:
        """Tell its own address, on its way to x2."""
        return f"10.1.{self._number}.2"

    def device(self, segment: str) -> str:
        """Tell the device by which it is there."""
        return segment


class RoutedNetwork:
    """What stands between a client and the two routers; as far as a node asks, a Network."""

    def __init__(self) -> None:
        number = lab_number()
        self._temporary = tempfile.TemporaryDirectory(prefix="hv", dir=memory_folder())
        self.folder = Path(self._temporary.name)
        self.logs: dict[str, Path] = {}
        self._metric_of_second = ACTIVE_METRIC
        self.machines = {name: Namespace(name, number) for name in ("client", "x1", "x2", "r1", "r2")}
        for machine in self.machines.values():
            machine.sysctl(ipv4__ip_forward=1, ipv4__conf__all__rp_filter=0, ipv4__conf__default__rp_filter=0)
            machine.ip("link set lo up")
        for left, right, network in LINKS:
            self._link(left, right, network)
        self.machines["client"].ip("route add default via 192.0.2.2")
        self.machines["x1"].ip(f"route add {SERVED} via 10.1.0.2")
        self.machines["x2"].ip("route add 192.0.2.0/24 via 10.1.0.1")
        self.routers = {f"r{n}": RoutedRouter(n, self.machines[f"r{n}"]) for n in (1, 2)}
        for n in (1, 2):
            self.machines[f"r{n}"].ip(f"route add default via 10.1.{n}.1")

    def _link(self, left: str, right: str, network: str) -> None:
        near, far = self.machines[left], self.machines[right]
        near.ip(f"link add to-{right} type veth peer name to-{left} netns {far.name}")
        for machine, device, host in ((near, f"to-{right}", 1), (far, f"to-{left}", 2)):
            machine.ip(f"address add {network}.{host}/24 dev {device}", f"link set {device} up")

    def __getitem__(self, name: str) -> RoutedRouter:
        return self.routers[name]

    def node(self, name: str, priority: int, interval_ms: int) -> RoutedNode:
        """Return haven for a router; its ADVERTISEMENTs go over x2."""
        afar = {"unicast": True, "unicast_hops": 1}
        return RoutedNode(self, name, "to-x2", priority=priority, interval_ms=interval_ms, **afar)

    def without_haven(self) -> None:
        """Put the address on both routers for good, r1 the better one: the routing daemon is all there is."""
        self._metric_of_second = STANDBY_METRIC
        for name, metric in (("r1", ACTIVE_METRIC), ("r2", STANDBY_METRIC)):
            self.machines[name].ip(
                f"address add {SERVED}/32 dev lo metric {metric}",
                f"route add {SERVED}/32 dev lo src {SERVED} metric {metric} proto 112",
            )

    def start_routing(self, kind: type[RoutingDaemon], protocol: str) -> None:
        """Start a routing daemon on r1, r2 and x2."""
        daemons = {name: kind(self, self.machines[name], name, protocol) for name in ("r1", "r2", "x2")}
        daemons["r2"].metric = self._metric_of_second
        for daemon in daemons.values():
            daemon.start()
        wait_until(lambda: daemons["x2"].sessions_up() == 2, 60, "x2 watches both by BFD", 0.1)

    def way(self) -> str:
        """Tell which router x2 sends to, nothing while it knows none."""
        found = self.machines["x2"].ip_json("route", "show", SERVED)
        return found[0].get("dev", "").removeprefix("to-") if found else ""

    def wait_way(self, name: str, budget: float = 60) -> None:
        """Wait until x2 sends to a router."""
        wait_until(
            lambda: self.way() == name, budget, f"x2 sends to {name}; it sends to {self.way()!r}", 0.05
        )

    def power_cut(self, name: str) -> None:
        """Cut a router off behind a switch: nobody loses its carrier."""
        machine = self.machines[name]
        machine.freeze_all()
        machine.nft(CUT)
        machine.kill_all()

    def ask(self) -> Asking:
        """Let the client ask the address all the time."""
        asking = Asking(self.machines["client"], SERVED, self.folder / "asking")
        asking.wait_answers()
        return asking

    def story(self) -> str:
        """Tell what the programs said, for whoever reads of a failure."""
        logs = sorted(self.logs.items())
        return "\n".join(f"--- {title}\n{path.read_text(errors='replace')}" for title, path in logs)

    def delete(self) -> None:
        """End every program and take the network away."""
        for machine in self.machines.values():
            machine.delete()
        self._temporary.cleanup()
