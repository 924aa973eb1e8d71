# SPDX-License-Identifier: GPL-2.0-or-later
"""Gateways of several nodes, started so that the first is Active and every other a Backup."""

from collections.abc import Sequence
from typing import TypeVar

from tests.lab.haven_node import HavenNode
from tests.lab.network import Network
from tests.lab.node import Node
from tests.lab.wait import wait_until

Kind = TypeVar("Kind", bound=Node)


def pair(kind: type[Kind], network: Network, **both: object) -> tuple[Kind, Kind]:
    """Start r1 as Active with priority 200, and r2 as Backup with priority 100."""
    first, second = gateway(kind, network, (200, 100), **both)
    return first, second


def gateway(kind: type[Kind], network: Network, priorities: tuple[int, ...], **every: object) -> list[Kind]:
    """Start one node a priority, one after the other."""
    nodes = [
        kind(network, name, priority=priority, **every)
        for name, priority in zip(network.routers, priorities, strict=True)
    ]
    first, *others = nodes
    first.start()
    # Once the first has entered the election, its lead and its priority decide it.
    entered = ("backup", "active")
    wait_until(lambda: first.state() in entered or not first.running, 60, f"{first.name} enters the election")
    assert first.running, f"{first.program} on {first.name} has ended"
    for node in others:
        node.start()
    first.wait_state("active")
    wait_until(first.holds, 2, f"{first.name} holds the addresses")
    for node in others:
        node.wait_state("backup")
        # A Backup that has heard nobody yet knows nothing of the others' intervals and priorities.
        wait_until(node.hears_active, 5, f"{node.name} hears the Active")
    return nodes


def wait_settled(nodes: Sequence[Kind], budget: float = 5) -> Kind:
    """Wait until one node is Active and every other Backup, and tell the one."""

    active: list[Kind] = []

    def settled() -> bool:
        states = [str(node.state()) for node in nodes]
        active[:] = [node for node, state in zip(nodes, states, strict=True) if state == "active"]
        return sorted(states) == ["active", *["backup"] * (len(nodes) - 1)]

    wait_until(settled, budget, f"the roles of {', '.join(node.name for node in nodes)} are settled")
    return active[0]


def wait_seldom(network: Network, nodes: Sequence[Kind], interval_ms: int) -> None:
    """Let a pair that has settled advertise seldom from now on.

    Then a dead Active is missed late enough for a program that takes its time to begin.
    """
    capture = network.capture("lan")
    for node in nodes:
        node.configure(interval_ms=interval_ms)
        node.cli("reload")

    def heard() -> bool:
        return any(each.interval_ms == interval_ms for each in capture.adverts(sender=nodes[0].name))

    wait_until(heard, 5, "the new interval is heard")
    capture.close()


def has_taken_what_was_given(node: HavenNode) -> bool:
    """Tell whether a node has become Active because the other one let go, and not as that was silent."""
    return bool(node.group()["last_transition"]["reason"] == "resigned")


def wait_one_holder(network: Network, holder: str, *addresses: str, budget: float = 5) -> None:
    """Wait until exactly this router has the addresses."""
    for address in addresses:
        what = f"{holder} alone holds {address}"
        wait_until(lambda address=address: network.holders(address) == [holder], budget, what, interval=0.03)
