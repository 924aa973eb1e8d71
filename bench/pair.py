# SPDX-License-Identifier: GPL-2.0-or-later
"""A pair of routers that run one program or the other."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.interop.keepalived import KeepalivedNode
from tests.lab.haven_node import HavenNode
from tests.lab.network import Network
from tests.lab.node import Node

PROGRAMS = ("haven", "keepalived")
KINDS: dict[str, type[Node]] = {"haven": HavenNode, "keepalived": KeepalivedNode}


@contextmanager
def pair(program: str, **both: object) -> Iterator[tuple[Network, Node, Node]]:
    """Give a network with r1 Active and r2 Backup, and take it away afterwards."""
    network = Network(2)
    try:
        first = KINDS[program](network, "r1", **{"priority": 200, **both})
        second = KINDS[program](network, "r2", **both)
        first.start().wait_state("active", budget=30)
        second.start().wait_state("backup", budget=30)
        yield network, first, second
    finally:
        network.delete()
