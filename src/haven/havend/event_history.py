# SPDX-License-Identifier: GPL-2.0-or-later
"""The last events of this node, for the log, for `haven events` and for who follows."""

import time

from haven.havend.log import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

KEPT = 500
# Somebody should do something about these.
WRONG = ("address", "fault", "handover", "problem", "refused")


class EventHistory:
    """Keeps events and hands each on as it happens."""

    def __init__(self, tell: "Callable[[dict[str, Any]], None]") -> None:
        self.events: list[dict[str, Any]] = []
        self._tell = tell
        self._sequence = 0

    def add(self, kind: str, text: str, **more: "Any") -> "dict[str, Any]":
        """Note an event of a kind with its sentence and further fields; return it."""
        self._sequence += 1
        event: dict[str, Any] = {
            "seq": self._sequence,
            "at": time.time(),
            "kind": kind,
            "group": None,
            "virtual_router": None,
        }
        event.update(more)
        event["text"] = text
        self.events.append(event)
        del self.events[:-KEPT]
        log(text, kind in WRONG)
        self._tell(event)
        return event
