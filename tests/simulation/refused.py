# SPDX-License-Identifier: GPL-2.0-or-later
"""What links do not take of a node: told to its engine, and tried again, as havend/refusals.py does."""

from typing import TYPE_CHECKING

from haven.core.events import SendResults
from haven.core.mute import is_in_doubt
from haven.core.vrrp import states
from haven.havend.refusals import PROBE_EVERY_US
from tests.simulation.world import TURN

if TYPE_CHECKING:
    from tests.simulation.node import SimNode


class Refused:
    """The results of one node's sending that its engine has yet to hear of."""

    def __init__(self, node: "SimNode") -> None:
        self._node = node
        self._results: list[tuple[str, bool]] = []
        self._probes = False

    def note(self, router: str, device: str) -> None:
        """Remember what became of an ADVERTISEMENT."""
        engine, taken = self._node.engine, self._is_taken(device)
        member = engine.routers.get(router) if engine is not None else None
        if member is not None and (not taken or is_in_doubt(member)):
            self._add(router, taken)

    def _is_taken(self, device: str) -> bool:
        return self._node.name not in self._node.world.links[device].mute

    def _add(self, router: str, taken: bool) -> None:
        world = self._node.world
        if not self._results:
            world.at(world.now + TURN, self._tell)
        self._results.append((router, taken))
        if not self._probes:
            self._probes = True
            world.at(world.now + PROBE_EVERY_US, self._probe)

    def _tell(self) -> None:
        results, self._results = self._results, []
        self._node.handle(SendResults(tuple(results)))

    def _probe(self) -> None:
        self._probes = False
        node, engine = self._node, self._node.engine
        if engine is None or node.world.now < node.paused_until:
            return
        for group in engine.groups.values():
            for member in group.members:
                if is_in_doubt(member) and group.state != states.ACTIVE:
                    self._add(member.spec.name, self._is_taken(member.spec.device))
