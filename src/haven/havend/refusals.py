# SPDX-License-Identifier: GPL-2.0-or-later
"""What the links do not take: told to the engine in the next turn, and tried again while nobody speaks."""

from haven.core.clock import NEVER, SECOND
from haven.core.events import SendResults
from haven.core.mute import is_in_doubt, probe
from haven.core.vrrp import states

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from haven.core.engine import Engine
    from haven.core.value import Value
    from haven.havend.vrrp_sockets import VrrpSockets

# How often a router that is not Active tries a link that took nothing.
PROBE_EVERY_US = SECOND


class Refusals:
    """Made when the first packet is refused; `deadline` is when act() has something to do."""

    def __init__(
        self, engine: "Engine", sockets: "VrrpSockets", handle: "Callable[[Value], None]", now: int
    ) -> None:
        self._engine, self._sockets, self._handle = engine, sockets, handle
        self._results: list[tuple[str, bool]] = []
        # Of whom it is told, too, that something was taken.
        self._watched: set[str] = set()
        self._probe_at = now + PROBE_EVERY_US
        self.deadline = NEVER

    def note(self, router: str, taken: bool) -> None:
        """Remember whether the link took an ADVERTISEMENT of a virtual router."""
        if not taken:
            self._watched.add(router)
        if router in self._watched:
            self._results.append((router, taken))
            self.deadline = 0

    def act(self, now: int) -> None:
        """Tell the engine, and try the links that take nothing, where no ADVERTISEMENT does so."""
        if now >= self._probe_at:
            self._probe_at = now + PROBE_EVERY_US
            self._probe()
        results, self._results = self._results, []
        if results:
            self._handle(SendResults(tuple(results)))
        self._watched = {each.spec.name for each in self._engine.routers.values() if is_in_doubt(each)}
        self.deadline = self._probe_at if self._watched else NEVER

    def _probe(self) -> None:
        for group in self._engine.groups.values():
            for member in group.members if group.state != states.ACTIVE else ():
                if is_in_doubt(member) and member.source is not None:
                    self._results.append((member.spec.name, self._sockets.probe(probe(member))))
