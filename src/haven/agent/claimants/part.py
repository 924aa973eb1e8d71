# SPDX-License-Identifier: GPL-2.0-or-later
"""The part for addresses that another machine claims, too: virtual ones, and those of routers."""

from typing import TYPE_CHECKING, Any

from haven.agent.part import Part, Surroundings
from haven.agent.roles import ACTIVE
from haven.contract.control import ANSWER_PATIENCE_S, encode_request
from haven.core.spec import BY_ROUTE

if TYPE_CHECKING:
    from haven.agent.claimants.address_watch import AddressWatch
    from haven.agent.claimants.speaker_watch import SpeakerWatch

# A broadcast to everybody on the link, for what is nearly always right.
ASK_EVERY_S = 20.0


class ClaimantsPart(Part):
    """Asks by ARP, as RFC 5227 has it, for what is held here; and listens to who speaks as a router."""

    name = "claimants"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._watch: AddressWatch | None = None
        self._speakers: SpeakerWatch | None = None
        around.scope.every(ASK_EVERY_S, self._ask)

    def _ask(self) -> None:
        ours = self.around.document.get("virtual_routers", ())
        held = [each for each in ours if each["family"] == 4 and self._is_held(each)]
        if self._watch is None and held:
            # Here, because most routers never are Active.
            from haven.agent.claimants.address_watch import AddressWatch

            self._watch = AddressWatch(self.around.scope)
        if self._watch is not None:
            self._watch.ask(held)
        # With a key a word in another's name is refused.
        self._listen([each for each in ours if each.get("authentication") is None])

    def _is_held(self, router: dict[str, Any]) -> bool:
        if router.get("announce") == BY_ROUTE:
            # It is on no link, where another could answer for it.
            return False
        return self.around.roles.states.get(router["group"]) == ACTIVE

    def _listen(self, routers: list[dict[str, Any]]) -> None:
        if self._speakers is None and routers:
            from haven.agent.claimants.speaker_watch import SpeakerWatch

            self._speakers = SpeakerWatch(self.around.scope, self._tell)
        if self._speakers is not None:
            self._speakers.listen(routers)

    def _tell(self, facts: dict[str, Any]) -> None:
        told = {"code": "address-moves", "facts": facts}
        self.around.scope.ask_havend(encode_request("note", told), lambda _outcome: None, ANSWER_PATIENCE_S)

    def problems(self) -> list[dict[str, Any]]:
        """Return who has an address of ours, or of another router, too."""
        found = self._watch.problems() if self._watch is not None else []
        return found + (self._speakers.problems() if self._speakers is not None else [])

    def close(self) -> None:
        """Let go of the sockets."""
        for watch in (self._watch, self._speakers):
            if watch is not None:
                watch.close()
