# SPDX-License-Identifier: GPL-2.0-or-later
"""Gateways of several nodes, started so that the first is Active and every other a Backup."""

from collections.abc import Sequence
from typing import TypeVar

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
    wait_until(lambda: first.state() in ("backup", "active"), 15, f"{first.name} enters the election")
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

    def settled() -> bool:
        states = sorted(str(node.state()) for node in nodes)
        return states == ["active", *["backup"] * (len(nodes) - 1)]

    wait_until(settled, budget, f"the roles of {', '.join(node.name for node in nodes)} are settled")
    return next(node for node in nodes if node.state() == "active")


def wait_one_holder(network: Network, holder: str, *addresses: str, budget: float = 5) -> None:
    """Wait until exactly this router has the addresses."""
    for address in addresses:
        what = f"{holder} alone holds {address}"
        wait_until(lambda address=address: network.holders(address) == [holder], budget, what, interval=0.03)
