# SPDX-License-Identifier: GPL-2.0-or-later
"""A haven whose virtual routers watch BFD sessions with the other routers of the lab."""

from tests.lab.gateway import Side
from tests.lab.haven_node import HavenNode, section
from tests.lab.network import Network


class BfdHaven(HavenNode):
    """haven with BFD on each of its sides; the sections are the same on all. Intervals are milliseconds."""

    def __init__(
        self, network: Network, name: str, bfd_ms: int = 50, multiplier: int = 3, **gateway: object
    ) -> None:
        self.bfd_ms, self.multiplier = bfd_ms, multiplier
        super().__init__(network, name, **gateway)

    def config_text(self) -> str:
        """Write the sessions, too."""
        sessions = [self._session(side, name) for side in self.gateway.sides for name in self.network.routers]
        return super().config_text() + "".join(sessions)

    def _virtual_router(self, side: Side) -> str:
        named = "".join(f"\tlist bfd '{_session_name(side, name)}'\n" for name in self.network.routers)
        return super()._virtual_router(side) + named

    def _session(self, side: Side, name: str) -> str:
        router = self.network[name]
        address = router.link_local(side.segment) if side.family == 6 else router.address(side.segment)
        times = {"min_tx": self.bfd_ms, "min_rx": self.bfd_ms, "multiplier": self.multiplier}
        return "\n" + section("bfd", _session_name(side, name), address=address, **times)

    def session(self, side: str = "lan") -> dict:
        """Tell the session on a side as the status has it; that with itself is not there."""
        (found,) = [each for each in self.status()["bfd"] if each["virtual_routers"] == [side]]
        return found


def _session_name(side: Side, router: str) -> str:
    return f"{side.name}_{router}"
