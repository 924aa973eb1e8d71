# SPDX-License-Identifier: GPL-2.0-or-later
"""A pair of routers with a real one's firewall, with connections through it, and what may happen to it."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from bench.nodes import HavenAgent, Stock
from bench.outage import wait_for_advert
from tests.lab import firewall, flows
from tests.lab.network import Network
from tests.lab.pair import pair
from tests.lab.resets import Resets
from tests.lab.wait import now_ns

EVENTS = ("power cut", "switchover", "cable pulled")
STREAM_TIMEOUT_S = 120


@dataclass(frozen=True)
class Moment:
    """When it began, was done, and the service was back (CLOCK_MONOTONIC, ns); how long that was away."""

    began: int
    done: int
    back: int
    outage_ms: float


class World:
    """r1 Active, r2 Backup, a server that echoes, and a crowd of UDP flows."""

    def __init__(self, network: Network, first: HavenAgent | Stock, second: HavenAgent | Stock) -> None:
        self.network, self.first, self.second = network, first, second
        flows.echo_server(network.server)
        self._resets = Resets(network)
        self.moment = Moment(0, 0, 0, 0)

    def happen(self, event: str) -> Moment:
        """Let something happen just after the Active has advertised, so that the moment does not decide."""
        capture, probe = self.network.capture("lan"), self.network.probe()
        probe.wait_service()
        wait_for_advert(capture)
        began = now_ns()
        done = self._begin(event)
        self.second.wait_state("active")
        back = probe.wait_service()
        self.moment = Moment(began, done, back, probe.stop().longest_gap_ms)
        return self.moment

    def _begin(self, event: str) -> int:
        if event == "power cut":
            return self.network.power_cut("r1").ended
        if event == "cable pulled":
            return self.network.cable_pull("r1", "lan").ended
        self.first.hand_over()
        return now_ns()

    def refusals(self) -> int:
        """Count the routers' own resets and ICMP errors since something happened."""
        return sum(self._resets.by_sender(self.moment.began).values())


@contextlib.contextmanager
def world(
    kind: type[HavenAgent] | type[Stock],
    crowd: int = 0,
    families: tuple[int, ...] = (4,),
    stream_timeout_s: int = STREAM_TIMEOUT_S,
    **both: object,
) -> Iterator[World]:
    """Build a world, and take it away afterwards."""
    network = Network(2)
    try:
        for router in network.routers.values():
            firewall.set_up(router, udp_stream_timeout=stream_timeout_s)
        made = World(network, *pair(kind, network, families=families, **both))
        if crowd:
            flows.Crowd(network).fill(crowd)
        made.first.wait_synced(made.second)
        yield made
    finally:
        network.delete()
