# SPDX-License-Identifier: GPL-2.0-or-later
"""The part for addresses that another machine claims: an Active asks the links of its virtual addresses."""

from typing import TYPE_CHECKING, Any

from haven.agent.part import Part, Surroundings
from haven.agent.roles import ACTIVE
from haven.core.announce import BY_ROUTE

if TYPE_CHECKING:
    from haven.agent.claimants.address_watch import AddressWatch

# A broadcast to everybody on the link, for what is nearly always right.
ASK_EVERY_S = 20.0


class ClaimantsPart(Part):
    """Asks by ARP, as RFC 5227 has it; a Backup has no address to ask for, and loads nothing."""

    name = "claimants"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._watch: AddressWatch | None = None
        around.scope.every(ASK_EVERY_S, self._ask)

    def _ask(self) -> None:
        routers = [each for each in self.around.document.get("virtual_routers", ()) if self._is_held(each)]
        if self._watch is None and routers:
            # Here, because most routers never are Active.
            from haven.agent.claimants.address_watch import AddressWatch

            self._watch = AddressWatch(self.around.scope)
        if self._watch is not None:
            self._watch.ask(routers)

    def _is_held(self, router: dict[str, Any]) -> bool:
        if router.get("announce") == BY_ROUTE:
            # It is on no link, where another could answer for it.
            return False
        return router["family"] == 4 and self.around.roles.states.get(router["group"]) == ACTIVE

    def problems(self) -> list[dict[str, Any]]:
        """Return who has an address of ours, too."""
        return self._watch.problems() if self._watch is not None else []

    def close(self) -> None:
        """Let go of the sockets."""
        if self._watch is not None:
            self._watch.close()
