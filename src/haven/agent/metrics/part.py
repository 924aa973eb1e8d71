# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent's part for metrics over HTTP: there, and loaded, from the first plan that has them."""

from typing import TYPE_CHECKING, Any

from haven.agent.part import Part, Surroundings

if TYPE_CHECKING:
    from haven.agent.metrics.metrics_server import MetricsServer


class MetricsPart(Part):
    """Answers Prometheus at the addresses of the plan."""

    name = "metrics"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._server: MetricsServer | None = None
        self._planned: dict[str, Any] | None = None

    def take_plan(self) -> None:
        """Answer as the plan says; what is as before goes on."""
        planned = self.around.plan.get(self.name)
        if planned == self._planned:
            return
        self.close()
        self._planned = planned
        if planned is not None:
            from haven.agent.metrics.metrics_server import MetricsServer

            self._server = MetricsServer(self.around.scope, planned["addresses"], planned["port"])

    def account(self) -> dict[str, Any]:
        """Return where it answers."""
        return {self.name: self._server.account()} if self._server is not None else {}

    def problems(self) -> list[dict[str, Any]]:
        """Return what keeps it from answering."""
        return self._server.problems() if self._server is not None else []

    def close(self) -> None:
        """Answer nobody any more."""
        if self._server is not None:
            self._server.close()
            self._server = None
