# SPDX-License-Identifier: GPL-2.0-or-later
"""The verdicts of the agent's checks, as events for the engine.

A verdict holds until the next one. An agent that dies, and one that has just begun and knows nothing yet,
changes nothing by that: were its silence a verdict, an agent that crashes would move the addresses.
"""

from haven.contract.check_documents import DOWN, UNABLE, UNKNOWN
from haven.core.events import CheckChanged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from haven.core.engine import Engine
    from haven.core.spec import GroupSpec
    from haven.havend.event_history import EventHistory


def changes(
    engine: "Engine", events: "EventHistory", groups: "tuple[GroupSpec, ...]", told: "dict[str, Any]"
) -> "Iterator[CheckChanged]":
    """Return what is news to the engine, and record it; `told` is the account of the agent's part."""
    known = {name for group in groups for name, _weight in group.checks}
    for check in told.get("checks") or ():
        name, before = check["name"], engine.verdict(check["name"])
        # One that cannot be made from here is no reason to stand back, and no proof of anything.
        if (
            name not in known
            or check["state"] == UNKNOWN
            or (check["state"] == UNABLE and before is not None)
        ):
            continue
        up = check["state"] != DOWN
        if up is not before:
            _record(events, check, up, before)
            yield CheckChanged(name, up)


def _record(events: "EventHistory", check: "dict[str, Any]", up: bool, before: "bool | None") -> None:
    facts = {"check": check["name"], "target": check["target"]}
    if not up:
        events.add("check-down", error=check["error"], **facts)
    elif before is not None:
        events.add("check-up", **facts)
