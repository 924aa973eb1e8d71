# SPDX-License-Identifier: GPL-2.0-or-later
"""haven and Debian's ucarp as one gateway, by CARP: each takes over from the other and has no complaint."""

import pytest

from tests.interop.ucarp import ONCE_A_SECOND, UcarpNode
from tests.lab.carp_node import CarpHaven
from tests.lab.network import Network
from tests.lab.node import Node
from tests.lab.pair import wait_one_holder
from tests.lab.wait import wait_until

Roles = tuple[type[Node], type[Node]]
ROLES: dict[str, Roles] = {"haven first": (CarpHaven, UcarpNode), "ucarp first": (UcarpNode, CarpHaven)}

both_roles = pytest.mark.parametrize("roles", ROLES.values(), ids=ROLES.keys())


def started(network: Network, roles: Roles, **both: object) -> tuple[Node, Node]:
    """Start r1, then r2, and wait until each has its role."""
    first, second = (
        kind(network, name, priority=priority, **ONCE_A_SECOND, **both)
        for kind, name, priority in zip(roles, ("r1", "r2"), (253, 153), strict=True)
    )
    for node in (first, second):
        node.start()
        wait_until(lambda node=node: node.state() in ("backup", "active"), 15, f"{node.name} has begun")
    first.wait_state("active")
    second.wait_state("backup")
    holds_alone(first)
    return first, second


def holds_alone(node: Node) -> None:
    """Wait until a node alone has the virtual address."""
    wait_one_holder(node.network, node.name, *node.gateway.bare_addresses, budget=10)


def check_content(*nodes: Node) -> None:
    """Check that no node has found fault with another."""
    for node in nodes:
        if isinstance(node, UcarpNode):
            assert node.complaints() == []
        elif isinstance(node, CarpHaven):
            assert node.dropped() == {}
            wait_until(lambda node=node: not _found(node), 10, f"{node.name} finds no fault")


def _found(node: CarpHaven) -> list[dict]:
    return [each for each in node.problems() if each["about"] != "haven-agent"]


@both_roles
def test_power_cut_and_stop_move_the_gateway_and_preemption_moves_it_back(
    network: Network, roles: Roles
) -> None:
    first, second = started(network, roles, preempt=True)
    network.power_cut("r1")
    second.wait_state("active")
    network.power_on("r1")
    first.start().wait_state("active")
    second.wait_state("backup")
    holds_alone(first)
    first.stop()
    second.wait_state("active")
    holds_alone(second)
    first.start().wait_state("active")
    second.wait_state("backup")
    holds_alone(first)
    check_content(first, second)
