# SPDX-License-Identifier: GPL-2.0-or-later
"""The last events of this node, for the log, for `haven events` and for who follows."""

import time

from haven.contract.event_log import event_text, kind_of
from haven.havend.log import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Event = dict[str, Any]

KEPT = 500
# Somebody should do something about these.
WRONG = ("address", "fault", "handover", "problem", "refused")


class EventHistory:
    """Keeps events and hands each on as it happens."""

    def __init__(self, tell: "Callable[[Event], None]") -> None:
        self.events: list[Event] = []
        self._tell = tell
        self._sequence = 0

    def add(self, code: str, virtual_router: "str | None" = None, **facts: "Any") -> None:
        """Record what has happened: a code of contract/event_log.py and its facts, `group` among them."""
        if virtual_router is not None:
            facts["virtual_router"] = virtual_router
        self._record(code, facts, virtual_router)

    def add_problem(self, found: "dict[str, Any]") -> None:
        """Record a problem that came up."""
        self._record("problem", {"problem": found}, None)

    def add_transition(self, router: "str | None", facts: "dict[str, Any]") -> None:
        """Record a transition by the facts of its event."""
        change = {"from": facts["from"], "to": facts["to"], "reason": facts["reason"]["code"]}
        self._record("transition", facts, router, change)

    def _record(
        self, code: str, facts: "dict[str, Any]", router: "str | None", more: "dict[str, Any] | None" = None
    ) -> None:
        self._sequence += 1
        event: Event = {"seq": self._sequence, "at": time.time(), "kind": kind_of(code), "code": code}
        event.update(group=facts.get("group"), virtual_router=router, facts=facts)
        event.update(more or {})
        event["text"] = event_text(code, facts)
        self.events.append(event)
        del self.events[:-KEPT]
        log(event["text"], event["kind"] in WRONG)
        self._tell(event)
