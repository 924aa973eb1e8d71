# SPDX-License-Identifier: GPL-2.0-or-later
"""A node with haven on MicroPython: the build in HAVEN_MICROPYTHON, or the one on PyPI."""

import os
import subprocess
import sys
from pathlib import Path

from tests.lab.haven_node import HavenNode
from tests.lab.network import Network
from tests.lab.node import executable


class MicroNode(HavenNode):
    """havend on MicroPython; the build on PyPI knows no signals, so it is asked to end."""

    program = "havend-micro"

    def command(self) -> list[str]:
        """Start havend-micro of this checkout."""
        program = executable("havend-micro")
        assert program, "make setup makes .venv/bin/havend-micro"
        return [*program, "--config", str(self.config_path), "--run-dir", str(self.run_dir)]

    def stop(self, budget: float = 60) -> int:
        """Ask it to end in good order, and tell its exit status."""
        process = self._alive()
        if "HAVEN_MICROPYTHON" in os.environ:
            return super().stop(budget)
        self.ask("stop")
        return process.wait(budget)


class PlannedNode(MicroNode):
    """A node that has no compiler: its plan is made elsewhere, from the facts that it tells."""

    def start(self) -> "PlannedNode":
        """Make the plan, and start havend with it."""
        self.make_plan()
        super().start()
        return self

    def make_plan(self) -> None:
        """Compile its configuration outside of its network."""
        program = executable("havend-micro") or []
        facts = self.folder / "facts"
        facts.write_text(self.router.namespace.run(*program, "--facts"))
        argv = [sys.executable, "-m", "haven.cli.main", "plan", "--json", "--config", str(self.config_path)]
        plan = subprocess.run([*argv, "--machine", str(facts)], check=True, capture_output=True)
        self.plan_path.write_bytes(plan.stdout)

    @property
    def plan_path(self) -> Path:
        """Where its plan is."""
        return self.folder / "plan.json"

    def command(self) -> list[str]:
        """Start havend-micro with the plan."""
        program = executable("havend-micro") or []
        return [*program, "--plan", str(self.plan_path), "--run-dir", str(self.run_dir)]

    def small(self, *words: str) -> str:
        """Run the small node's own haven."""
        program = executable("haven-micro") or []
        paths = ["--run-dir", str(self.run_dir), "--plan", str(self.plan_path)]
        return self.router.namespace.run(*program, *words, *paths)


class FollowingNode(PlannedNode):
    """A node that gets its plan of a full router; without one it waits."""

    _following: "subprocess.Popen[bytes] | None" = None

    def start(self) -> "FollowingNode":
        """Start havend, with the plan where there is one."""
        MicroNode.start(self)
        return self

    def command(self) -> list[str]:
        """Start havend-micro as the init script does."""
        return [*super().command(), "--wait"]

    def follow(self) -> None:
        """Ask for the plan from now on."""
        program = executable("haven-micro") or []
        paths = ["--run-dir", str(self.run_dir), "--plan", str(self.plan_path)]
        with open(self.folder / "follow.log", "ab") as log:
            self._following = self.router.namespace.spawn(
                [*program, "follow", *paths], log, self.environment()
            )


def mixed(micro: str) -> "type[HavenNode]":
    """Return what makes a node: the one of this name is on MicroPython, every other on CPython."""

    def make(network: Network, name: str, **gateway: object) -> HavenNode:
        return (MicroNode if name == micro else HavenNode)(network, name, **gateway)

    return make  # type: ignore[return-value]
