# SPDX-License-Identifier: GPL-2.0-or-later
"""A client three hops away when the power of a router is cut: by the routing daemon alone, and with haven."""

import time
from collections.abc import Iterator
from statistics import median

from bench.table import Figures
from tests.interop.routed import RoutedNetwork
from tests.interop.routing_daemons import KINDS, PROTOCOLS, THERE

INTERVAL_MS = 50
# Of what the routing daemon alone needs, with what a machine with other work adds to either.
MOST_TIMES, STALL_MS = 1.2, 50
SETTLED_S = 3


class Followed(Figures):
    """Figures with a bound: haven is not to be what the client waits for."""

    def kept(self) -> bool:
        """Tell whether the client waited at most 1.2 times as long."""
        alone, both = median(self.values["alone, ms"]), median(self.values["with haven, ms"])
        return both <= MOST_TIMES * alone + STALL_MS


def routed(runs: int) -> Iterator[Figures]:
    """Cut the power of the router that serves, with BIRD and FRR, OSPF and BGP."""
    for program, kind in KINDS.items():
        for protocol in PROTOCOLS if THERE[program] else ():
            row = Followed(f"{program}, {protocol}, power cut")
            for _ in range(runs):
                row.add({"alone, ms": _gap_ms(kind, protocol, False)})
                row.add({"with haven, ms": _gap_ms(kind, protocol, True)})
            yield row


def _gap_ms(kind: type, protocol: str, with_haven: bool) -> float:
    network = RoutedNetwork()
    try:
        if with_haven:
            first, second = (network.node(name, p, INTERVAL_MS) for name, p in (("r1", 200), ("r2", 100)))
            first.start().wait_state("active")
            second.start().wait_state("backup")
        else:
            network.without_haven()
        network.start_routing(kind, protocol)
        network.wait_way("r1")
        # x2 hears of the second way, too.
        time.sleep(SETTLED_S)
        asking = network.ask()
        network.power_cut("r1")
        network.wait_way("r2")
        asking.wait_answers()
        return asking.longest_gap_ms()
    finally:
        network.delete()
