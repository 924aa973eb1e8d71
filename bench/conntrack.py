# SPDX-License-Identifier: GPL-2.0-or-later
"""What becomes of connections when a router fails: haven beside keepalived with the stock scripts."""

import contextlib
import time
from collections.abc import Iterator

from bench.pair import PROGRAMS
from bench.table import Comparison
from tests.lab import firewall, flows
from tests.lab.haven_conntrackd import HavenConntrackdNode
from tests.lab.keepalived_conntrackd import KeepalivedConntrackdNode
from tests.lab.network import SERVICE6, UPLINK, Network
from tests.lab.node import Node
from tests.lab.pair import pair
from tests.lab.resets import Resets
from tests.lab.wait import now_ns

RUNS = 5
CROWDS = (0, 50_000)
EVENTS = ("power cut", "switchover", "cable pulled")
STREAM_TIMEOUT_S = 10
# Older than its timeout, so that only a renewed copy can be alive.
OLD_S = 14
BIRTHS_PER_SECOND = 500
YOUNG_MS = 100
KINDS = {"haven": HavenConntrackdNode, "keepalived": KeepalivedConntrackdNode}
# What is counted: words, unit, and the most that haven may have of it.
COUNTS = (
    ("busy", "lost of 200", "", 0),
    ("single", "lost: idle, forwarded, IPv6", "", 0),
    ("datagrams", "old UDP flow: lost of 20", "", 0),
    ("births", "500 new a second: lost", "", None),
    ("grown", "lost and older than %d ms" % YOUNG_MS, "", 0),
    ("resets", "routers' resets, ICMP errors", "", 0),
    ("outage", "outage", "ms", None),
    ("stall", "longest stall", "ms", None),
)


class World:
    """A pair of routers with every kind of flow through it."""

    def __init__(self, network: Network, first: Node, second: Node, crowd: int) -> None:
        self.network, self.first, self.second = network, first, second
        flows.echo_server(network.server)
        flows.echo_server(network.client, firewall.FORWARDED_PORT)
        if crowd:
            flows.Crowd(network).fill(crowd)
        self.busy = flows.Busy(network)
        self.single = [
            flows.connect(network.client, flows.SERVICE),
            flows.connect(network.server, UPLINK, firewall.FORWARDED_PORT),
            flows.connect(network.client, SERVICE6),
        ]
        self.old = flows.OldDatagrams(network)
        self.resets = Resets(network)
        self.births = flows.Births(network, BIRTHS_PER_SECOND)
        time.sleep(OLD_S)
        first.wait_synced(second)

    def suffer(self, event: str) -> dict[str, float]:
        """Let something happen and tell what it has cost."""
        probe = self.network.probe()
        probe.wait_service()
        self.old.rest()
        self.busy.forget_stalls()
        began = now_ns()
        self._happen(event)
        self.second.wait_state("active")
        back = probe.wait_service()
        datagrams = 20 - self.old.reached_from_outside()
        # A connection that waits for its next retransmission has at most twice the outage to wait.
        time.sleep(4)
        since = now_ns() - 1_000_000_000
        fates = self.busy.fates(since)
        ages = self.births.lost_ages_ms(began, back + 500_000_000)
        return {
            "busy": fates.count - fates.alive,
            "single": sum(1 for talk in self.single if not flows.answers(talk)),
            "datagrams": datagrams,
            "births": len(ages),
            "grown": sum(1 for age in ages if age > YOUNG_MS),
            "resets": sum(self.resets.by_sender(began).values()),
            "outage": probe.stop().longest_gap_ms,
            "stall": fates.longest_stall_ms,
        }

    def _happen(self, event: str) -> None:
        if event == "power cut":
            self.network.power_cut("r1")
        elif event == "cable pulled":
            self.network.cable_pull("r1", "lan")
        elif isinstance(self.first, HavenConntrackdNode):
            self.first.leave()
        else:
            # keepalived has no command for it.
            self.first.stop()


@contextlib.contextmanager
def world(program: str, crowd: int) -> Iterator[World]:
    """Build a world, and take it away afterwards."""
    network = Network(2)
    nodes: tuple[Node, ...] = ()
    try:
        for router in network.routers.values():
            firewall.set_up(router, udp_stream_timeout=STREAM_TIMEOUT_S)
        nodes = pair(KINDS[program], network, families=(4, 6))
        yield World(network, *nodes, crowd)
    finally:
        for node in nodes:
            if isinstance(node, HavenConntrackdNode):
                node.close()
        network.delete()


def connections(
    crowds: tuple[int, ...] = CROWDS, events: tuple[str, ...] = EVENTS, runs: int = RUNS
) -> Iterator[Comparison]:
    """Let each thing happen to each program with each crowd, and yield the rows as they are complete."""
    for event in events:
        for crowd in crowds:
            rows = {key: _row(key, words, unit, limit, event, crowd) for key, words, unit, limit in COUNTS}
            for _ in range(runs):
                for program in PROGRAMS:
                    with world(program, crowd) as one:
                        for key, value in one.suffer(event).items():
                            rows[key].of(program).append(value)
            yield from rows.values()


def _row(key: str, words: str, unit: str, limit: float | None, event: str, crowd: int) -> Comparison:
    if key == "stall" and event == "switchover":
        limit = 100
    return Comparison(f"{event} +{crowd}: {words}", unit, limit=limit)
