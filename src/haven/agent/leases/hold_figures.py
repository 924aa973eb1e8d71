# SPDX-License-Identifier: GPL-2.0-or-later
"""How long the answers of the DHCP server have waited."""

from collections import deque
from typing import Any

LAST = 200


class HoldFigures:
    """Counts since the agent's start; `alone` are those that no other router had when the client got them."""

    def __init__(self) -> None:
        self._waited: deque[float] = deque(maxlen=LAST)
        self.held = self.late = self.alone = 0

    def take(self, waited_ms: float, is_late: bool) -> None:
        """Count one that was held."""
        self.held += 1
        self.late += is_late
        self._waited.append(waited_ms)

    def account(self, holds: bool) -> dict[str, Any]:
        """Return them for the status."""
        return {
            "holds": holds,
            "held": self.held,
            "late": self.late,
            "alone": self.alone,
            # The median; the module statistics would bring decimal, a package of its own.
            "waited_ms": sorted(self._waited)[len(self._waited) // 2] if self._waited else None,
            "longest_ms": max(self._waited, default=None),
        }
