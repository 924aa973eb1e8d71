# SPDX-License-Identifier: GPL-2.0-or-later
"""DHCP leases: two hundred clients ask while the Active loses power, and what holding an answer costs."""

from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from bench.table import Comparison
from tests.lab.dhcp import Clients, DhcpNode
from tests.lab.network import Network
from tests.lab.pair import pair
from tests.lab.test_pairing import join
from tests.lab.wait import now_ns, wait_until

COUNT, RATE = 200, 100.0
ALONE = 50
TITLE = f"{COUNT} DHCP clients, power cut: "


class BareNode(DhcpNode):
    """The same without common leases."""

    def config_text(self) -> str:
        """Write the UCI text, with `leases` off."""
        return super().config_text().replace("option leases '1'", "option leases '0'")


def leases(runs: int) -> Iterator[Comparison]:
    """Cut the power of the Active amid all clients, then that of a standby."""
    bare_ms = _bare_ms()
    rows = {
        "twice": Comparison(f"{TITLE}addresses given twice", "", most=0),
        "lost": Comparison(f"{TITLE}lost address or name", "", most=0),
        "held": Comparison("an ACK waits in the queue, median", "ms", limit=10),
        "added": Comparison("an ACK comes later for it, median", "ms", limit=10),
        "alone": Comparison("standby dead: the longest wait for an ACK", "ms", most=250),
    }
    for _ in range(runs):
        for key, value in {**_power_cut(bare_ms), **_standby_dead()}.items():
            rows[key].haven.append(value)
    yield from rows.values()


@contextmanager
def _routers(kind: type[DhcpNode]) -> Iterator[tuple[Network, DhcpNode, DhcpNode]]:
    network = Network()
    try:
        first, second = pair(kind, network)
        yield network, first, second
    finally:
        network.delete()


@contextmanager
def _common() -> Iterator[tuple[Network, DhcpNode, DhcpNode]]:
    with _routers(DhcpNode) as (network, first, second):
        join(first, second)
        wait_until(lambda: first.serves() and first.leases()["holds"], 30, "r1 serves and holds")
        yield network, first, second


def _bare_ms() -> float:
    with _routers(BareNode) as (network, first, _second):
        first.router.namespace.spawn([str(first.root / "etc/init.d/dnsmasq"), "restart"])
        clients = Clients(network, COUNT, RATE)
        clients.wait_bound(COUNT)
        return median(each["waited_ms"] for each in clients.acks())


def _power_cut(bare_ms: float) -> dict[str, float]:
    with _common() as (network, first, second):
        clients = Clients(network, COUNT, RATE)
        clients.wait_bound(COUNT // 2)
        held_ms = first.leases()["waited_ms"]
        cut = network.power_cut("r1")
        second.wait_state("active")
        bound = clients.wait_bound(COUNT)
        since = now_ns()
        clients.tell("renew")
        again = clients.wait_bound(COUNT, since=since)
        lines = second.lease_file()
        kept = [
            mac
            for mac, each in bound.items()
            if again[mac]["ack"] == each["ack"] and lines[each["ack"]][3] == each["name"]
        ]
        before = [each["waited_ms"] for each in clients.acks() if each["at"] < cut.began]
        moved = set(clients.moved()) | (set(bound) - set(kept))
        return {
            "twice": len(clients.doubles()),
            "lost": len(moved),
            "held": held_ms,
            "added": median(before) - bare_ms,
        }


def _standby_dead() -> dict[str, float]:
    with _common() as (network, _first, _second):
        clients = Clients(network, 5)
        clients.wait_bound(5)
        network.power_cut("r2")
        since = now_ns()
        clients.tell(f"ask {ALONE}")
        clients.wait_bound(ALONE, since=since)
        return {"alone": max(each["waited_ms"] for each in clients.acks(since))}
