# SPDX-License-Identifier: GPL-2.0-or-later
"""Eight routers in one group: one network for all that is asked of them."""

from collections.abc import Iterator

import pytest

from tests.lab.chaos import Chaos
from tests.lab.haven_node import HavenNode
from tests.lab.network import Network
from tests.lab.wait import wait_until

COUNT = 8
# Slow enough that the heartbeat is what tells of a death.
INTERVAL_MS = 400
PRIORITIES = range(COUNT * 20, 0, -20)
# A standby that could be next asks every 10 ms, any other every 100.
QUICKLY_MS = 100


@pytest.fixture(scope="module")
def eight(lab: None) -> Iterator[Chaos]:
    """Eight routers with the default heartbeat, the first of them Active."""
    network = Network(COUNT)
    nodes = [
        HavenNode(network, name, priority=priority, interval_ms=INTERVAL_MS)
        for name, priority in zip(network.routers, PRIORITIES, strict=True)
    ]
    nodes[0].start().wait_state("active")
    for node in nodes[1:]:
        node.start()
    made = Chaos(network, nodes, seed=8)
    made.wait_settled("start", "of all")
    yield made
    print(network.story())
    network.delete()


def quick(chaos: Chaos) -> list[str]:
    """Name the Backups that ask the Active so quickly that they would be the next."""
    found = []
    for name, node in chaos.nodes.items():
        if name not in chaos.dead and node.state() == "backup":
            detection = node.group()["detection"]
            if detection["by"] == "heartbeat" and detection["after_ms"] < QUICKLY_MS:
                found.append(name)
    return found


def test_one_standby_of_seven_asks_quickly_and_the_next_when_that_one_is_gone(eight: Chaos) -> None:
    wait_until(lambda: quick(eight) == ["r2"], 40, "r2 alone asks quickly", 0.2)
    assert eight.happen("cut", "r1").to_active
    # A machine with much to do may hold up the next one for longer than the others wait.
    best = "r3" if eight.active is eight.nodes["r2"] else "r2"
    wait_until(lambda: quick(eight) == [best], 40, f"{best} alone asks quickly", 0.2)


def test_whatever_happens_one_active_is_left(eight: Chaos) -> None:
    for what in ("part", "kill", "heal", "return", "stop"):
        print(eight.happen(what))
