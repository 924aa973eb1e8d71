# SPDX-License-Identifier: GPL-2.0-or-later
"""Links that lose, delay, repeat and disorder packets: nobody takes over without a cause."""

from collections.abc import Callable

import pytest

from tests.lab.haven_node import HavenNode
from tests.lab.network import Network
from tests.lab.pair import pair, wait_settled
from tests.lab.wait import now_ns, wait_until
from tests.lab.wiring import SEGMENTS
from tests.machines.page import note

pytestmark = pytest.mark.usefixtures("kernel", "filters")
WATCHED_S = 30
LINKS = {
    "0.1 % loss": "loss 0.1%",
    "1 % loss": "loss 1%",
    "5 % loss": "loss 5%",
    "50 ms delay": "delay 50ms",
    "20 ms delay, 20 ms jitter": "delay 20ms 20ms",
    "1 % duplicates": "duplicate 1%",
    "25 % out of order": "delay 10ms reorder 25% 50%",
}


def _impair(network: Network, how: str) -> None:
    """Let every cable of the routers be like this, in both directions."""
    for router in network.routers.values():
        for segment in SEGMENTS:
            network.switch.namespace.run(
                "tc", "qdisc", "replace", "dev", router.port(segment), "root", "netem", *how.split()
            )
            router.namespace.run(
                "tc", "qdisc", "replace", "dev", router.device(segment), "root", "netem", *how.split()
            )


@pytest.mark.parametrize("what", LINKS)
def test_bad_links_cost_time_and_no_roles(build: Callable[..., Network], what: str) -> None:
    network = build()
    first, second = pair(HavenNode, network, interval_ms=1000)
    _impair(network, LINKS[what])
    before, until = takeovers(second), now_ns() + WATCHED_S * 1_000_000_000
    wait_until(lambda: now_ns() > until, 2 * WATCHED_S, "the link is watched", interval=1)
    causeless = takeovers(second) - before
    assert causeless == 0 and first.state() == "active"
    began = now_ns()
    first.ask("switchover", budget=30, group=None)
    second.wait_state("active")
    asked_ms = (now_ns() - began) / 1e6
    wait_settled([first, second], 20)
    began = now_ns()
    network.power_cut("r2")
    first.wait_state("active")
    note("links", [what, str(causeless), f"{asked_ms:.0f} ms", f"{(now_ns() - began) / 1e6:.0f} ms"])


def takeovers(node: HavenNode) -> int:
    """Count how often a router has taken over since it was started."""
    events = [each for each in node.events() if each["kind"] == "transition"]
    return sum(1 for each in events if each["facts"].get("to") == "active")
