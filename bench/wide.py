# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether ADVERTISEMENTs go on while a thousand addresses move."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.pair import PROGRAMS
from bench.table import Comparison
from tests.interop.keepalived import KeepalivedNode
from tests.lab.capture import Capture
from tests.lab.gateway import wide_sides
from tests.lab.haven_node import HavenNode
from tests.lab.network import Network
from tests.lab.node import Node
from tests.lab.pair import pair
from tests.lab.wait import now_ns, wait_until

INTERVAL_MS = 100
ROUTERS, ADDRESSES = 4, 250
# Two intervals and a half: a Backup takes over after more than three.
LONGEST_GAP_MS = 250
# Announcements are repeated for five seconds, and addresses renewed every two.
AFTERMATH_S = 6


class TerseKeepalived(KeepalivedNode):
    """keepalived that does not write a line for each announcement: that alone would be most of its time."""

    def command(self) -> list[str]:
        """Start it without its details."""
        return [word for word in super().command() if word != "--log-detail"]


KINDS: dict[str, type[Node]] = {"haven": HavenNode, "keepalived": TerseKeepalived}


def wide_moves(runs: int) -> Iterator[Comparison]:
    """Hand many addresses over, and cut the power of who has them."""
    for event in ("switchover", "power cut"):
        words = f"{event}, {ROUTERS} x {ADDRESSES}: longest gap"
        gaps = Comparison(words, "ms", most=LONGEST_GAP_MS)
        for _ in range(runs):
            for program in PROGRAMS:
                with _wide_gateway(program) as (network, first, second):
                    gaps.of(program).append(_longest_gap_ms(network, first, second, event))
        yield gaps


@contextmanager
def _wide_gateway(program: str) -> Iterator[tuple[Network, Node, Node]]:
    network = Network(2)
    try:
        both = pair(
            KINDS[program], network, interval_ms=INTERVAL_MS, own_sides=wide_sides(ROUTERS, ADDRESSES)
        )
        yield network, *both
    finally:
        network.delete()


def _longest_gap_ms(network: Network, first: Node, second: Node, event: str) -> float:
    captures = [network.capture(segment) for segment in ("lan", "wan")]
    time.sleep(1)
    began = now_ns()
    if event == "power cut":
        network.power_cut("r1")
    elif first.program == "havend":
        first.ask("switchover", group=None)
    else:
        # keepalived has no command for it.
        first.stop(budget=30)
    wait_until(lambda: all(_taken(each, began) for each in captures), 10, "r2 advertises everywhere")
    time.sleep(AFTERMATH_S)
    second.wait_state("active")
    # After a power cut nobody speaks until the Active has been missed: that is no gap of either.
    sender = "r2" if event == "power cut" else None
    return max(each.longest_gap_ns(sender) for each in captures) / 1e6


def _taken(capture: Capture, since: int) -> bool:
    spoke = {each.vrid for each in capture.adverts(since=since, sender="r2")}
    return len(spoke) == ROUTERS // 2
