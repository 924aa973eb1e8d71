# SPDX-License-Identifier: GPL-2.0-or-later
"""What the engine is told of a virtual router that speaks CARP."""

from haven.core.carp.ranking import DEMOTED, HIGHEST_SKEW, lowered, rank
from haven.core.clock import SECOND
from haven.core.spec import CARP, RouterSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class CarpSpec(RouterSpec):
    """A virtual router of CARP: `vrid` is the VHID, `auth` the password.

    `hashed` are the addresses of both families that have this VHID.
    """

    protocol = CARP
    advskew: int
    hashed: "tuple[bytes, ...]"
    broadcast: bool

    def __init__(self, *facts: "Any", **settings: "Any") -> None:
        self.advskew = 0
        self.hashed = ()
        self.broadcast = False
        super().__init__(*facts, **settings)

    def advbase(self) -> int:
        """Return whole seconds between two advertisements."""
        return self.advert_interval_us // SECOND

    def effective_priority(self, penalty: int, maintenance: bool) -> int:
        """Return the rank to advertise."""
        base = self.advbase()
        # A weight that takes all there is asks for relief, which here a demoted one does.
        if maintenance or penalty >= HIGHEST_SKEW:
            return rank(DEMOTED, base, HIGHEST_SKEW, base)
        return rank(0, base, lowered(self.advskew, penalty), base)
