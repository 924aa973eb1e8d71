# SPDX-License-Identifier: GPL-2.0-or-later
"""A power cut and a pulled cable at the default settings, where haven asks the kernel of the Active."""

import time
from collections.abc import Callable, Iterator

from bench.conntrack import COUNT, suffer
from bench.nodes import HavenAgent
from bench.pair import PROGRAMS, pair
from bench.table import Comparison
from bench.world import world
from tests.interop.mixed import ROLES, mixed
from tests.lab.haven_node import HavenNode
from tests.lab.network import Network
from tests.lab.node import Node
from tests.lab.wait import wait_until

INTERVAL_MS = 1000
CROWD = 50_000
# An Active repeats its announcements for some seconds, and the losses of a link become known.
SETTLED_S = 8
CABLE = "sync"
# The link of the connections is one of the ways on which an Active is asked.
COPIED = """
config conntrack
\toption enabled '1'
\toption device '{device}'
\toption address '{own}'
\tlist peer_address '{peer}'
"""


class CabledHaven(HavenNode):
    """havend that knows of the cable to the other router."""

    def config_text(self) -> str:
        """Copy connections over it."""
        other = self.network["r2" if self.name == "r1" else "r1"]
        own, peer = self.router.address(CABLE), other.address(CABLE)
        return super().config_text() + COPIED.format(device=CABLE, own=own, peer=peer)


def defaults(runs: int) -> Iterator[Comparison]:
    """Cut the power of a haven, of a keepalived, of one at the other end of a cable, of one with a crowd.

    Then pull the cable of the LAN alone.
    """
    outage = Comparison("power cut, default settings", "ms", bound=0.015, limit=40)
    mixed_up = Comparison("power cut of a keepalived, haven stands by", "ms", limit=40)
    cabled = Comparison("power cut, the carrier of a direct cable", "ms", limit=25)
    pulled = Comparison("LAN cable pulled, default settings", "ms", bound=0.1)
    for run in range(runs):
        for program in PROGRAMS:
            with pair(program, interval_ms=INTERVAL_MS) as (network, _first, second):
                outage.of(program).append(_outage_ms(network, second, run / runs))
            with pair(program, interval_ms=INTERVAL_MS) as (network, _first, second):
                pulled.of(program).append(_outage_ms(network, second, run / runs, _pull))
        mixed_up.haven.append(_of_keepalived_ms(run / runs))
        cabled.haven.append(_of_cabled_ms(run / runs))
    yield from (outage, mixed_up, cabled, pulled)
    yield from _crowded(runs)


def _of_keepalived_ms(moment: float) -> float:
    network = Network(2)
    try:
        _first, second = mixed(network, ROLES["keepalived first"], interval_ms=INTERVAL_MS)
        return _outage_ms(network, second, moment)
    finally:
        network.delete()


def _of_cabled_ms(moment: float) -> float:
    network = Network(2)
    try:
        first, second = (
            CabledHaven(network, name, priority=priority, interval_ms=INTERVAL_MS)
            for name, priority in (("r1", 200), ("r2", 100))
        )
        first.start().wait_state("active", budget=30)
        second.start().wait_state("backup", budget=30)
        return _outage_ms(network, second, moment, _cut_direct)
    finally:
        network.delete()


def _cut(network: Network) -> None:
    network.power_cut("r1")


def _cut_direct(network: Network) -> None:
    network.power_cut("r1", direct=("r2", CABLE))


def _pull(network: Network) -> None:
    network.cable_pull("r1", "lan")


def _outage_ms(
    network: Network, second: Node, moment: float, hurt: Callable[[Network], None] = _cut
) -> float:
    probe = network.probe()
    probe.wait_service()
    wait_asked(second)
    # At any moment between two questions.
    time.sleep(moment / 10)
    hurt(network)
    second.wait_state("active", budget=30)
    probe.wait_service()
    return probe.stop().longest_gap_ms


def wait_asked(node: Node) -> None:
    """Wait until a haven trusts in the answers on all links."""
    if isinstance(node, HavenNode):
        wait_until(node.asks_kernel, 60, "the answers are trusted on all ways")
        time.sleep(SETTLED_S)


def _crowded(runs: int) -> Iterator[Comparison]:
    outage = Comparison(f"power cut, default settings, +{CROWD}", "ms", limit=40)
    alive = Comparison(f"the same: survived of {COUNT}", "", least=COUNT)
    for _ in range(runs):
        with world(HavenAgent, CROWD, interval_ms=INTERVAL_MS) as made:
            wait_asked(made.second)
            suffered = suffer(made, "power cut")
            outage.haven.append(suffered["outage"])
            alive.haven.append(suffered["survived"])
    yield from (outage, alive)
