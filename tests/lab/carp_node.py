# SPDX-License-Identifier: GPL-2.0-or-later
"""A node with haven on it that speaks CARP."""

from tests.lab.gateway import Side
from tests.lab.haven_node import HavenNode

PASSWORD = "secretpw"


class CarpHaven(HavenNode):
    """havend that speaks CARP; a priority is 254 less the advskew."""

    def _virtual_router(self, side: Side) -> str:
        text = super()._virtual_router(side)
        kept = [line for line in text.splitlines() if not line.startswith("\toption version ")]
        return "\n".join([*kept, "\toption protocol 'carp'", f"\toption password '{PASSWORD}'", ""])

    def dropped(self) -> dict[str, int]:
        """Tell why packets were dropped, and how many."""
        found: dict[str, int] = {}
        for router in self.status()["virtual_routers"]:
            found.update({why: count for why, count in router["counters"]["errors"].items() if count})
        return found
