# SPDX-License-Identifier: GPL-2.0-or-later
"""Two routers that get keys while they serve."""

from tests.lab.haven_node import HavenNode
from tests.lab.wait import wait_until

KEY = "3:hex:" + "a5" * 32
STEPS = ("receive", "permissive", "enforce")


def turns(*nodes: HavenNode) -> int:
    """Count the changes of state of all groups."""
    return sum(each["kind"] == "transition" for node in nodes for each in node.events())


def verified(node: HavenNode) -> int:
    """Tell how many good signatures the virtual router has heard that heard least."""
    return min(each["authentication"]["verified"] for each in node.status()["virtual_routers"])


def take_steps(nodes: tuple[HavenNode, HavenNode]) -> None:
    """Give both, the Active and the Backup, a key in three steps; whichever comes first in each."""
    for number, mode in enumerate(STEPS):
        for node in nodes if number % 2 else reversed(nodes):
            node.configure(more={"auth_key": KEY, "auth_mode": mode})
            node.cli("reload")
        if mode != "receive":
            heard = verified(nodes[1])
            wait_until(lambda heard=heard: verified(nodes[1]) > heard + 3, 30, f"{mode}: signed and heard")
