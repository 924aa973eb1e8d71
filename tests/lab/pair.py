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
    for node in nodes:
        node.start().wait_state("active" if node is nodes[0] else "backup", budget=15)
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
