# SPDX-License-Identifier: GPL-2.0-or-later
"""Hosts that learn all of IPv6 from router advertisements, and what happens to their tables."""

import re
from pathlib import Path

from tests.lab.agent_node import AgentNode
from tests.lab.gateway import Side
from tests.lab.haven_node import HavenNode
from tests.lab.namespace import Namespace
from tests.lab.network import GATEWAY6_LINK_LOCAL, SERVICE6, Network
from tests.lab.wait import now_ns, wait_until

# A route as the monitor writes it, added or deleted.
DEFAULT = re.compile(
    r"^(?P<gone>Deleted )?(?P<table>ra )?default .*?via (?P<via>\S+)|nexthop via (?P<next>\S+)"
)


class Advertising(HavenNode):
    """A router whose LAN side of IPv6 sends router advertisements; `ra_lines` are more of its options."""

    ra_lines = ""
    advertises = True

    def _virtual_router(self, side: Side) -> str:
        said = "\toption ra '1'\n" + self.ra_lines if side.name == "lan6" and self.advertises else ""
        return super()._virtual_router(side) + said

    def advert(self) -> dict:
        """Tell what the status says of the advertisements."""
        return self.virtual_router("lan6")["router_advert"]


class RaNode(Advertising, AgentNode):
    """The whole of haven, connections too."""


class RaHost:
    """A machine on the LAN without any configuration, whose tables are watched from its first moment."""

    def __init__(self, network: Network, number: int) -> None:
        self.namespace: Namespace = network.guest(f"h{number}", "lan", f"02:00:00:00:03:{number:02x}")
        self.log: Path = network.folder / f"routes-h{number}.log"
        self._began = now_ns()
        self.namespace.sysctl(ipv6__conf__lan__accept_ra=1)
        # A thing that was there before the monitor would be missing in its words.
        assert self.default_routers() == set()
        with open(self.log, "wb") as log:
            self._monitor = self.namespace.spawn(["ip", "-6", "monitor", "route"], log)
        wait_until(self._listens, 5, "the monitor listens")

    def _listens(self) -> bool:
        table = self.namespace.run("cat", "/proc/net/netlink").splitlines()[1:]
        return any(int(line.split()[3], 16) & 0x400 for line in table if line.split()[1] == "0")

    def plug(self) -> None:
        """Set the link up anew, whereupon the kernel asks for its routers."""
        self.namespace.ip("link set lan down", "link set lan up")

    def default_routers(self) -> set[str]:
        """Tell which default routers the kernel has at this moment."""
        routes = self.namespace.ip_json("-6", "route", "show", "default")
        hops = [hop for route in routes for hop in route.get("nexthops", [route])]
        return {hop["gateway"] for hop in hops if "gateway" in hop}

    def addresses(self, prefix: str = "fd77::") -> list[dict]:
        """List the addresses that it has made from a prefix, none that is its own to begin with."""
        links = self.namespace.ip_json("-6", "address", "show", "dev", "lan", "scope", "global")
        return [
            entry
            for link in links
            for entry in link.get("addr_info", ())
            if entry.get("local", "").startswith(prefix)
        ]

    def wait_online(self, budget: float = 15) -> "RaHost":
        """Wait until it has an address and its default router."""
        wait_until(lambda: self.addresses(), budget, f"{self.namespace.word} has an address")
        wait_until(self.default_routers, budget, f"{self.namespace.word} has a default router")
        self.wait_news()
        return self

    def wait_news(self) -> None:
        """Wait until the monitor has said what the kernel has."""
        what = f"the monitor of {self.namespace.word} keeps up"
        wait_until(lambda: self._told()[0] == self.default_routers(), 10, what)

    def reaches(self) -> bool:
        """Tell whether the server answers."""
        try:
            self.namespace.run("ping", "-6", "-c1", "-W1", SERVICE6)
        except RuntimeError:
            return False
        return True

    # What the monitor has seen

    def news(self) -> list[str]:
        """List every change of a default route so far."""
        lines = self.log.read_text().splitlines()
        return [line for line in lines if "default" in line or "nexthop" in line]

    def most_default_routers(self) -> int:
        """Tell how many default routers it had at once, at the worst moment."""
        self.wait_news()
        return self._told()[1]

    def _told(self) -> tuple[set[str], int]:
        """Tell by the monitor which default routers there are, and how many there were at the most."""
        present: set[str] = set()
        most = 0
        for line in self.news():
            found = DEFAULT.search(line)
            assert found, line
            via = found["via"] or found["next"]
            (present.discard if found["gone"] else present.add)(via)
            most = max(most, len(present))
        return present, most


def ra_hosts(network: Network, count: int) -> list[RaHost]:
    """Plug in some hosts, and wait until all are online."""
    hosts = [RaHost(network, number) for number in range(1, count + 1)]
    for host in hosts:
        host.plug()
    return [host.wait_online() for host in hosts]


def assert_one_router(hosts: list[RaHost]) -> None:
    """See that each host has the virtual router as its only one, and never had another."""
    assert {tuple(host.default_routers()) for host in hosts} == {(GATEWAY6_LINK_LOCAL,)}
    assert {host.most_default_routers() for host in hosts} == {1}
