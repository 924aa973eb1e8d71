# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent's part for services by role: there, and loaded, from the first plan that has any."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from haven.agent.part import Part, Surroundings
from haven.agent.roles import Change

if TYPE_CHECKING:
    from haven.agent.services.service_keeper import ServiceKeeper


class ServicesPart(Part):
    """Hands on to the keeper of services what the agent hears."""

    name = "services"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._keeper: ServiceKeeper | None = None

    def take_plan(self) -> None:
        """Take the services of the plan in force."""
        planned = self.around.plan.get("services")
        if self._keeper is None and planned is not None:
            from haven.agent.services.service_keeper import ServiceKeeper

            self._keeper = ServiceKeeper(self.around)
        if self._keeper is not None:
            self._keeper.take_plan(planned["services"] if planned is not None else [])

    def take_roles(self) -> None:
        """Let the services follow the roles."""
        if self._keeper is not None:
            self._keeper.take_roles()

    def take_change(self, change: Change) -> None:
        """Count how often a group moves."""
        if self._keeper is not None:
            self._keeper.take_change(change)

    def end(self, done: Callable[[], None]) -> None:
        """Tell the services what is left to tell, in the time that there is."""
        if self._keeper is None:
            done()
        else:
            self._keeper.end(done)

    def account(self) -> dict[str, Any]:
        """Return each service, where there are any."""
        return self._keeper.account() if self._keeper is not None else {}

    def problems(self) -> list[dict[str, Any]]:
        """Return what does not run, or does not stop."""
        return self._keeper.problems() if self._keeper is not None else []
