# SPDX-License-Identifier: GPL-2.0-or-later
"""One log of several routers, whose clocks differ: in the order in which things happened.

Of a router's own events the order is its own. Between routers a time counts as far as it lies behind that
router's clock now; what was stamped before somebody set that clock keeps its place before what came after.
"""

import heapq

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Event = dict[str, Any]


def merged(logs: "list[tuple[float, list[Event]]]") -> "list[Event]":
    """Return all events, each with `here`, its time by this router's clock.

    A log is how much the clock of its router is ahead of ours (seconds), and its events in their order.
    """
    shifted = [_shifted(ahead, events) for ahead, events in logs]
    return list(heapq.merge(*shifted, key=lambda event: event["here"]))


def _shifted(ahead: float, events: "list[Event]") -> "list[Event]":
    found: list[Event] = []
    latest = float("inf")
    for event in reversed(events):
        latest = min(latest, event["at"] - ahead)
        found.append({**event, "here": latest})
    return found[::-1]
