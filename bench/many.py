# SPDX-License-Identifier: GPL-2.0-or-later
"""How it grows: 2, 4 and 8 routers with 1, 50, 250 and 1000 virtual routers, beside keepalived.

Each virtual router is a group of its own, at 100 ms. What was measured is kept (build/many.json), so that
the table and the plot can be made of several runs.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.cost import WideHaven, WideKeepalived, cpu_percent, pss_kb
from bench.many_plot import plot, write_table
from bench.pair import PROGRAMS
from bench.table import Figures
from bench.wide import TerseKeepalived
from tests.lab.asking import Asking
from tests.lab.gateway import Side
from tests.lab.network import GATEWAY, Network
from tests.lab.node import Node
from tests.lab.wait import wait_until

NODES = (2, 4, 8)
COUNTS = (1, 50, 250, 1000)
INTERVAL_MS = 100
BLOCK = 250
SETTLED_S, WINDOW_S, START_S, OUTAGE_S = 6, 8, 90, 30
KEPT = Path(__file__).resolve().parents[1] / "build" / "many.json"


def many_sides(count: int) -> list[Side]:
    """List virtual routers: 250 to a link and family, the first of them the client's gateway."""
    found = []
    for number in range(count):
        block, vrid = divmod(number, BLOCK)
        segment, family = ("lan", "wan")[block % 2], (4, 6)[block // 2]
        own = f"10.{78 + block}.{vrid + 1}.1/32"
        address = f"{GATEWAY}/24" if number == 0 else own
        addresses = (f"fe80::{block}:{vrid + 1:x}/64",) if family == 6 else (address,)
        found.append(Side(f"v{number}", segment, family, vrid + 1, addresses))
    return found


class ManyHaven(WideHaven):
    """havend with so many virtual routers."""

    def actives(self) -> int:
        """Count those that it is Active for."""
        try:
            return sum(each["state"] == "active" for each in self.status()["virtual_routers"])
        except OSError:
            # A busy machine takes longer than a status is waited for.
            return 0

    def sides(self) -> list[Side]:
        """List them."""
        return many_sides(self.count)


class ManyKeepalived(WideKeepalived, TerseKeepalived):
    """keepalived with so many virtual routers."""

    def actives(self) -> int:
        """Count those that it is Active for."""
        self.state()
        return list(self.instances.values()).count("active")

    def sides(self) -> list[Side]:
        """List them."""
        return many_sides(self.count)


KINDS: dict[str, type[Node]] = {"haven": ManyHaven, "keepalived": ManyKeepalived}


def many(routers: int, runs: int) -> Iterator[Figures]:
    """Measure one number of routers with each number of virtual routers."""
    for count in COUNTS:
        for program in PROGRAMS:
            row = Figures(f"{program}, {routers} routers, {count} virtual")
            for _ in range(runs):
                try:
                    row.add(_measure(program, routers, count))
                except TimeoutError as late:
                    # Beyond the knee: that it does not settle is what there is to say.
                    row.what += f": {late}"
            _keep(program, routers, count, row)
            yield row


def many_plot(_runs: int) -> Iterator[Figures]:
    """Draw what has been measured."""
    measured = json.loads(KEPT.read_text())
    plot(measured)
    write_table(measured)
    yield Figures("plot", {"cells": [len(measured)]})


def _keep(program: str, routers: int, count: int, row: Figures) -> None:
    measured = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    measured[f"{program} {routers} {count}"] = row.values
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps(measured, indent=1))


@contextmanager
def _gateway(program: str, routers: int, count: int) -> Iterator[tuple[Network, list[Node]]]:
    network = Network(routers)
    try:
        nodes = []
        for number, name in enumerate(network.routers):
            node = KINDS[program](network, name, priority=200 - 20 * number, interval_ms=INTERVAL_MS)
            node.count = count
            node.configure()
            nodes.append(node)
        nodes[0].start()
        _wait_states(nodes[:1])
        for node in nodes[1:]:
            node.start()
        _wait_states(nodes)
        yield network, nodes
    finally:
        network.delete()


def _wait_states(nodes: list[Node]) -> None:
    for node, state in zip(nodes, ("active", *["backup"] * (len(nodes) - 1)), strict=True):
        wait_until(
            lambda node=node, state=state: node.settled(state), START_S, f"{node.name} is {state}", 0.2
        )


def _measure(program: str, routers: int, count: int) -> dict[str, float]:
    with _gateway(program, routers, count) as (network, nodes):
        time.sleep(SETTLED_S)
        sent = _sent(network)
        cpu = cpu_percent([node.pid() for node in nodes], WINDOW_S)
        packets = (_sent(network) - sent) / WINDOW_S
        memory = [pss_kb(node.pid()) / 1024 for node in nodes]
        asking = Asking(network.client, GATEWAY, network.folder / "asking")
        asking.wait_answers(OUTAGE_S)
        network.power_cut("r1")
        others = nodes[1:]
        wait_until(lambda: sum(each.actives() for each in others) >= count, OUTAGE_S, "all have moved", 0.1)
        asking.wait_answers()
        return {
            "packets/s": packets,
            "Active %": cpu[0],
            "Backup %": sum(cpu[1:]) / len(cpu[1:]),
            "Active MB": memory[0],
            "Backup MB": sum(memory[1:]) / len(memory[1:]),
            "outage ms": asking.longest_gap_ms(),
        }


def _sent(network: Network) -> int:
    """Count what the Active has sent on LAN and WAN: its ADVERTISEMENTs, and little else."""
    links = network.switch.namespace.ip_json("-s", "link")
    ports = {network["r1"].port(segment) for segment in ("lan", "wan")}
    return sum(link["stats64"]["rx"]["packets"] for link in links if link["ifname"] in ports)
