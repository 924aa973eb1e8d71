# SPDX-License-Identifier: GPL-2.0-or-later
"""The part for addresses that a routing daemon announces: of a havend that has died they are withdrawn.

On a link the hosts follow the new Active's ARP, whatever the old one still has. Routers do not: as long as
the old one has the address with its route, its routing daemon tells of it.
"""

from typing import TYPE_CHECKING, Any

from haven.agent.part import Part
from haven.agent.roles import ACTIVE
from haven.core.spec import BY_ROUTE

if TYPE_CHECKING:
    from haven.agent.loop import Timer

# In so many intervals nobody has taken over, and a havend that is back by then goes on as the Active.
INTERVALS = 3


class RoutesPart(Part):
    """Waits as long as the other routers do before one of them takes over."""

    name = "routes"
    _timer: "Timer | None" = None

    def take_roles(self) -> None:
        """Take it that havend is there."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def take_loss(self) -> None:
        """Withdraw what this router has as the Active, unless havend is back in time."""
        routers = [each for each in self.around.document.get("virtual_routers", ()) if self._is_held(each)]
        # A connection that is lost again before havend has answered changes nothing.
        if routers and self._timer is None:
            wait_us = INTERVALS * max(each["advert_interval_us"] for each in routers)
            self._timer = self.around.scope.after(wait_us / 1e6, lambda: self._withdraw(routers))

    def _is_held(self, router: dict[str, Any]) -> bool:
        is_routed = router.get("announce") == BY_ROUTE
        return is_routed and self.around.roles.states.get(router["group"]) == ACTIVE

    def _withdraw(self, routers: list[dict[str, Any]]) -> None:
        self._timer = None
        # Here, because most routers never have any.
        from haven.agent.routes.withdrawal import withdraw

        withdraw(routers)
