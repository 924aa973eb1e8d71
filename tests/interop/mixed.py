# SPDX-License-Identifier: GPL-2.0-or-later
"""Gateways of one haven and one keepalived, in either role, and whether each finds the other in order."""

from tests.interop.keepalived import KeepalivedNode
from tests.lab.haven_node import HavenNode
from tests.lab.network import Network
from tests.lab.node import Node
from tests.lab.pair import wait_one_holder
from tests.lab.wait import wait_until

Roles = tuple[type[Node], type[Node]]

ROLES: dict[str, Roles] = {
    "haven first": (HavenNode, KeepalivedNode),
    "keepalived first": (KeepalivedNode, HavenNode),
}


def mixed(network: Network, roles: Roles, **both: object) -> tuple[Node, Node]:
    """Start r1 as Active with priority 200, and r2 as Backup with priority 100, a program each."""
    first, second = (
        kind(network, name, priority=priority, **both)
        for kind, name, priority in zip(roles, ("r1", "r2"), (200, 100), strict=True)
    )
    start(first, second)
    return first, second


def start(first: Node, second: Node) -> None:
    """Start both and wait until the first is Active and the second hears it."""
    first.start()
    wait_until(lambda: first.state() in ("backup", "active"), 15, f"{first.name} enters the election")
    second.start()
    first.wait_state("active")
    second.wait_state("backup")
    wait_until(second.hears_active, 30, f"{second.name} hears the Active")
    wait_holds_all(first)


def wait_holds_all(node: Node) -> None:
    """Wait until a node alone has every virtual address."""
    for address in node.gateway.bare_addresses:
        wait_one_holder(node.network, node.name, address)


def check_content(*nodes: Node) -> None:
    """Check that the nodes have nothing to say against each other, or cease to at once."""
    found: list[str] = []

    def content() -> bool:
        # A dropped packet is never forgotten; a machine that stood still may be noticed, and is over.
        found[:] = [fault for node in nodes for fault in _found_fault(node)]
        return not found

    try:
        wait_until(content, 10, "the nodes find no fault")
    except TimeoutError:
        raise AssertionError("\n".join(found)) from None


def _found_fault(node: Node) -> list[str]:
    if isinstance(node, KeepalivedNode):
        # While it waits to preempt it says so of every advert of the one it will preempt.
        return [line for line in node.complaints() if "received lower priority" not in line]
    if not isinstance(node, HavenNode):
        raise TypeError(f"{node.program} is neither haven nor keepalived")
    status = node.status()
    dropped = [
        f"{node.name} dropped {count} packets of {router['name']}: {reason}"
        for router in status["virtual_routers"]
        for reason, count in router["counters"]["errors"].items()
        if count
    ]
    # The agent has no part in this, and is slow to start on a busy machine.
    problems = [each for each in status["problems"] if each["about"] != "haven-agent"]
    return dropped + [f"{each['about']}: {each['message']}" for each in problems]
