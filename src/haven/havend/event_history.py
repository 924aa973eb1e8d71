# SPDX-License-Identifier: GPL-2.0-or-later
"""The last events of this node, for the log, for `haven events` and for who follows."""

import time

from haven.contract.event_log import event_text, kind_of
from haven.core.clock import NEVER, SECOND
from haven.havend.host import system
from haven.havend.log import log
from haven.havend.repetitions import Repetitions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Event = dict[str, Any]

KEPT = 500
# Somebody should do something about these.
WRONG = ("address", "failure", "fault", "handover", "problem", "refused")
# At a boot links and addresses are still on their way for so long; a fault that stays is said then.
COMING_UP = 20 * SECOND


class EventHistory:
    """Keeps events and hands each on as it happens."""

    def __init__(self, tell: "Callable[[Event], None]") -> None:
        self._kept: list[Event] = []
        self._repetitions = Repetitions()
        self._tell = tell
        self._sequence = 0
        self._came_up_at = -NEVER
        # The last fault of each group while havend comes up.
        self._early_faults: dict[str, str] = {}

    def add(self, code: str, virtual_router: "str | None" = None, **facts: "Any") -> None:
        """Record what has happened: a code of contract/event_log.py and its facts, `group` among them."""
        if virtual_router is not None:
            facts["virtual_router"] = virtual_router
        self._record(code, facts, virtual_router)

    def add_noted(self, code: str, facts: "dict[str, Any]") -> None:
        """Record what the agent tells of. Raises one of ODD_FACTS for other facts."""
        event_text(code, facts)
        self._record(code, facts, None)

    def add_problem(self, found: "dict[str, Any]") -> None:
        """Record a problem that came up."""
        self._record("problem", {"problem": found}, None)

    def add_transition(self, router: "str | None", facts: "dict[str, Any]") -> None:
        """Record a transition by the facts of its event."""
        change = {"from": facts["from"], "to": facts["to"], "reason": facts["reason"]["code"]}
        self._record("transition", facts, router, change)

    @property
    def deadline(self) -> int:
        """When there is something to say that was held back."""
        return self._came_up_at if self._early_faults else NEVER

    def come_up(self) -> None:
        """Say of the faults that are still there that somebody should do something about them."""
        for text in self._early_faults.values():
            log(text, True)
        self._early_faults = {}

    def events(self) -> "list[Event]":
        """Return what is kept, the oldest first."""
        self._sum_up(system.now())
        return self._kept

    def _record(
        self, code: str, facts: "dict[str, Any]", router: "str | None", more: "dict[str, Any] | None" = None
    ) -> None:
        now = system.now()
        self._sum_up(now)
        event = self._event(code, facts, router, more)
        about = router or facts.get("service") or facts.get("group") or facts.get("session")
        about = about or facts.get("problem", {}).get("code")
        if self._repetitions.passes((code, about), now):
            self._keep(event)
        # Whoever follows goes by each of them.
        self._tell(event)

    def _sum_up(self, now: int) -> None:
        for key, count in self._repetitions.held_back(now):
            code, about = key
            facts = {"code": code, "about": about or "havend", "count": count}
            event = self._event("repeated", facts, None, None)
            self._keep(event)
            self._tell(event)

    def _event(
        self, code: str, facts: "dict[str, Any]", router: "str | None", more: "dict[str, Any] | None"
    ) -> "Event":
        self._sequence += 1
        event: Event = {"seq": self._sequence, "at": time.time(), "kind": kind_of(code), "code": code}
        event.update(group=facts.get("group"), virtual_router=router, facts=facts)
        event.update(more or {})
        event["text"] = event_text(code, facts)
        return event

    def _keep(self, event: "Event") -> None:
        self._kept.append(event)
        if len(self._kept) > KEPT:
            del self._kept[_dispensable(self._kept)]
        is_early_fault = self._is_early_fault(event)
        log(event["text"], event["kind"] in WRONG and not is_early_fault)

    def _is_early_fault(self, event: "Event") -> bool:
        now, kind = system.now(), event["kind"]
        if kind == "start":
            self._came_up_at = now + COMING_UP
        if now >= self._came_up_at:
            return False
        if kind == "recovered":
            self._early_faults.pop(event["group"], None)
        elif kind == "fault":
            self._early_faults[event["group"]] = event["text"]
        return bool(kind == "fault")


def _dispensable(events: "list[Event]") -> int:
    """Return the index of the oldest that is neither the first nor the last of its kind, or of the oldest."""
    left: dict[str, int] = {}
    for event in events:
        left[event["kind"]] = left.get(event["kind"], 0) + 1
    seen = []
    for index, event in enumerate(events):
        left[event["kind"]] -= 1
        if event["kind"] in seen and left[event["kind"]]:
            return index
        seen.append(event["kind"])
    return 0
