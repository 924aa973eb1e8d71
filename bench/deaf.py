# SPDX-License-Identifier: GPL-2.0-or-later
"""How long two routers answer for one address when VRRP does not pass between them, or nothing does."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench.pair import PROGRAMS
from bench.table import Comparison
from tests.interop.keepalived import KeepalivedNode
from tests.lab import network as lab
from tests.lab.agent_node import AgentNode
from tests.lab.network import Network
from tests.lab.node import Node
from tests.lab.pair import pair
from tests.lab.test_deaf_links import deafen, hear_again
from tests.lab.test_pairing import join
from tests.lab.test_witness import isolate

WATCHED_S = 15.0
WITNESS = {"witnesses": (lab.CLIENT,), "group_more": {"witness_patience": 5}}
Both = tuple[Node, Node]


def deaf_links(runs: int) -> list[Comparison]:
    """Stop VRRP by a firewall, then everything by a cut with the clients on the standby's side."""
    found = []
    for what, stop in EVENTS.items():
        two = Comparison(f"two Actives, {what}", "s")
        away = Comparison(f"no gateway, {what}", "ms")
        healed = Comparison(f"no gateway, healed, {what}", "ms")
        for _ in range(runs):
            for program in PROGRAMS:
                _suffer(program, stop, two.of(program), away.of(program), healed.of(program))
        found += [two, away, healed]
    return found


def _suffer(
    program: str,
    stop: Callable[[Network, Both], None],
    two: list[float],
    away: list[float],
    healed: list[float],
) -> None:
    with _routers(program) as (network, both):
        probe = network.probe()
        probe.wait_service()
        stop(network, both)
        two.append(_two_active(network))
        away.append(probe.stop().longest_gap_ms)
        probe = network.probe()
        probe.wait_service()
        network.heal()
        for node in both:
            node.router.namespace.nft("add table netdev deaf")
            hear_again(node)
        time.sleep(WATCHED_S / 3)
        healed.append(probe.stop().longest_gap_ms)


@contextmanager
def _routers(program: str) -> Iterator[tuple[Network, Both]]:
    network = Network(2)
    try:
        if program == "haven":
            first, second = pair(AgentNode, network, interval_ms=1000, **WITNESS)
            join(first, second)
            yield network, (first, second)
        else:
            yield network, pair(KeepalivedNode, network, interval_ms=1000)
    finally:
        network.delete()


def _two_active(network: Network) -> float:
    """Return for how many seconds two routers held the gateway's address."""
    began = before = time.monotonic()
    found = 0.0
    while before - began < WATCHED_S:
        count = len(network.holders(lab.GATEWAY))
        now = time.monotonic()
        found += now - before if count > 1 else 0
        before = now
    return round(found, 1)


def _drop_everywhere(network: Network, both: Both) -> None:
    for node in both:
        deafen(node, "lan", "wan")


def _drop_on_one(network: Network, both: Both) -> None:
    for node in both:
        deafen(node, "lan")


def _drop_one_way(network: Network, both: Both) -> None:
    deafen(both[1], "lan", "wan")


def _cut(network: Network, both: Both) -> None:
    isolate(network, "r1", "lan", "wan", "sync")


EVENTS = {
    "VRRP dropped": _drop_everywhere,
    "VRRP dropped on the LAN": _drop_on_one,
    "VRRP dropped one way": _drop_one_way,
    "the Active cut off": _cut,
}
