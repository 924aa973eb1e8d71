# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent's part for small nodes: there, and loaded, from the first key on."""

import os
from typing import TYPE_CHECKING, Any

from haven import paths
from haven.agent.part import Part, Surroundings

if TYPE_CHECKING:
    from haven.agent.small_nodes.plan_server import PlanServer


class SmallNodesPart(Part):
    """Makes the plans of the nodes that have a key, whenever they ask."""

    name = "small_nodes"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._folder = around.root.rstrip("/") + paths.SMALL_NODES
        self._seen: tuple[int, tuple[str, ...]] | None = None
        self._server: PlanServer | None = None

    def take_plan(self) -> None:
        """Let those who wait know that their plan may be another one."""
        self._look()
        if self._server is not None:
            self._server.renew()

    def _look(self) -> None:
        """Follow keys that come and go: the folder is another one then."""
        try:
            # The kernel's times are no finer than its ticks.
            seen = os.stat(self._folder).st_mtime_ns, tuple(sorted(os.listdir(self._folder)))
        except OSError:
            seen = None
        if seen == self._seen:
            return
        self._seen = seen
        if seen is not None and self._server is None:
            from haven.agent.small_nodes.plan_server import PlanServer

            self._server = PlanServer(self.around, self._folder)
        if self._server is not None:
            self._server.take_keys()

    def account(self) -> dict[str, Any]:
        """Return who has asked, and what came of it."""
        self._look()
        return {self.name: self._server.account()} if self._server is not None else {}

    def problems(self) -> list[dict[str, Any]]:
        """Return whose plan cannot be made."""
        return self._server.problems() if self._server is not None else []

    def close(self) -> None:
        """Answer nobody any more."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._seen = None
