# SPDX-License-Identifier: GPL-2.0-or-later
"""A node with haven and its agent that checks hosts and programs."""

from tests.lab.agent_node import AgentNode
from tests.lab.haven_node import HavenNode
from tests.lab.network import SERVER
from tests.lab.wait import wait_until

# Of the lab's checks; a dead host is known after four failures, and a program that was held up is none.
INTERVAL_MS, TIMEOUT_MS = 400, 300
PACE = {"interval": INTERVAL_MS, "timeout": TIMEOUT_MS, "fall": 4, "rise": 2}

Section = tuple[str, str, dict[str, object]]
PROVIDER: Section = ("track_host", "provider", {"address": SERVER})


class TrackingNode(AgentNode):
    """A node whose every virtual router goes by the checks in `checks`, (type, name, options) each."""

    checks: tuple[Section, ...] = (PROVIDER,)

    def config_text(self) -> str:
        """Write the UCI text, without the copy of connections."""
        lines = [HavenNode.config_text(self)]
        for type, name, options in self.checks:
            lines.append(f"config {type} '{name}'")
            lines += [f"\toption {key} '{value}'" for key, value in {**PACE, **options}.items()]
        # The last section before the checks is a virtual router.
        named = "".join(f"\tlist {type} '{name}'\n" for type, name, _options in self.checks)
        return lines[0] + named + "\n".join(lines[1:]) + "\n"

    def check(self, name: str = "provider") -> dict:
        """Tell one check's part of the status; an empty one before the agent has told of it."""
        told = self.status().get("tracking") or {"checks": []}
        return next((each for each in told["checks"] if each["name"] == name), {})

    def verdict(self, name: str = "provider") -> bool | None:
        """Tell what the group goes by."""
        return next(each["up"] for each in self.group()["checks"] if each["name"] == name)

    def wait_check(self, state: str, name: str = "provider", budget: float = 15) -> dict:
        """Wait until a check has a verdict, and havend goes by it."""

        def judged() -> dict:
            found = self.check(name)
            return found if found.get("state") == state and self.verdict(name) is (state != "down") else {}

        return wait_until(judged, budget, f"{name} is {state} on {self.name}")


def tracking_pair(
    network, *checks: Section, kind: type[TrackingNode] = TrackingNode, **both: object
) -> tuple[TrackingNode, TrackingNode]:
    """Start r1 as Active and r2 as Backup, both with a verdict on each check."""
    nodes = []
    for name, priority in zip(network.routers, (150, 100), strict=True):
        node = kind(network, name, priority=priority, **both)
        node.checks = checks or node.checks
        node.configure()
        node.start().wait_state("backup" if nodes else "active")
        nodes.append(node)
    for node in nodes:
        for _type, name, _options in node.checks:
            node.wait_check("up", name)
    first, second = nodes
    return first, second
