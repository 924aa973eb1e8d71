# SPDX-License-Identifier: GPL-2.0-or-later
"""A haven whose virtual routers watch BFD sessions with another router of the lab."""

from tests.lab.gateway import Side
from tests.lab.haven_node import HavenNode, section
from tests.lab.network import Network


class BfdHaven(HavenNode):
    """haven with a BFD session on each of its sides; intervals are milliseconds."""

    def __init__(
        self,
        network: Network,
        name: str,
        other: str,
        bfd_ms: int = 50,
        multiplier: int = 3,
        **gateway: object,
    ) -> None:
        self.other, self.bfd_ms, self.multiplier = other, bfd_ms, multiplier
        super().__init__(network, name, **gateway)

    def config_text(self) -> str:
        """Write the sessions, too."""
        return super().config_text() + "".join(self._session(side) for side in self.gateway.sides)

    def _virtual_router(self, side: Side) -> str:
        return super()._virtual_router(side) + f"\tlist bfd '{_name(side)}'\n"

    def _session(self, side: Side) -> str:
        router = self.network[self.other]
        address = router.link_local(side.segment) if side.family == 6 else router.address(side.segment)
        times = {"min_tx": self.bfd_ms, "min_rx": self.bfd_ms, "multiplier": self.multiplier}
        return "\n" + section("bfd", _name(side), address=address, **times)

    def session(self, side: str = "lan") -> dict:
        """Tell a session as the status has it."""
        return next(each for each in self.status()["bfd"] if each["name"] == f"bfd_{side}")


def _name(side: Side) -> str:
    return f"bfd_{side.name}"
