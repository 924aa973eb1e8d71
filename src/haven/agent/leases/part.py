# SPDX-License-Identifier: GPL-2.0-or-later
"""The part for DHCP leases, which costs nothing where no plan has them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from haven.agent.part import Part, Surroundings

if TYPE_CHECKING:
    from haven.agent.leases.common_leases import Leases


class LeasesPart(Part):
    """Keeps the leases of this router's DHCP server at the other routers, and theirs here."""

    name = "leases"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._leases: Leases | None = None

    def take_plan(self) -> None:
        """Begin or end with the plan."""
        plan = self.around.plan.get("leases")
        if plan is None:
            if self._leases is not None:
                # Nobody is left to open what is closed.
                leases, self._leases = self._leases, None
                leases.end(False, leases.close)
            return
        if self._leases is None:
            from haven.agent.leases.common_leases import Leases

            self._leases = Leases(self.around)
        self._leases.take_plan(plan)

    def take_roles(self) -> None:
        """Serve where this router is Active."""
        if self._leases is not None:
            self._leases.take_roles()

    def prepare(self, done: Callable[[], None]) -> None:
        """Wait until every lease has arrived, before another router serves."""
        if self._leases is None:
            done()
        else:
            self._leases.prepare(done)

    def end(self, done: Callable[[], None]) -> None:
        """Keep what is known, and let the DHCP server know of it."""
        if self._leases is None:
            done()
        else:
            self._leases.end(True, done)

    def close(self) -> None:
        """End the holder."""
        if self._leases is not None:
            self._leases.close()

    def is_in_sync(self) -> bool:
        """Tell whether all leases of the other routers are here."""
        return self._leases is None or self._leases.is_in_sync()

    def account(self) -> dict[str, Any]:
        """Return how many leases are known here and at the others."""
        return {} if self._leases is None else {"leases": self._leases.account()}

    def problems(self) -> list[dict[str, Any]]:
        """Return what is the matter with leases."""
        return [] if self._leases is None else self._leases.problems()
