# SPDX-License-Identifier: GPL-2.0-or-later
"""A node with haven on MicroPython: the build in HAVEN_MICROPYTHON, or the one on PyPI."""

import os

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

    def stop(self, budget: float = 10) -> int:
        """Ask it to end in good order, and tell its exit status."""
        process = self._alive()
        if "HAVEN_MICROPYTHON" in os.environ:
            return super().stop(budget)
        self.ask("stop")
        return process.wait(budget)


def mixed(micro: str) -> "type[HavenNode]":
    """Return what makes a node: the one of this name is on MicroPython, every other on CPython."""

    def make(network: Network, name: str, **gateway: object) -> HavenNode:
        return (MicroNode if name == micro else HavenNode)(network, name, **gateway)

    return make  # type: ignore[return-value]
