# SPDX-License-Identifier: GPL-2.0-or-later
"""When each group changed its state last, and why."""

from haven.contract.event_log import event_text
from haven.contract.faults import faults
from haven.contract.freshness import shown_state
from haven.contract.message import message
from haven.core.effects import Transition
from haven.core.silence import SILENCES
from haven.havend.moment import Moment
from haven.havend.transition_counts import TransitionCounts
from haven.inet import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


# What the text of a reason names (contract/event_log.py).
_REASON_FACTS = {
    "resigned": ("peer",),
    "preempt": ("peer", "priority"),
    "higher": ("peer", "priority"),
    "stalled": ("peer",),
    "handed_over": ("peer",),
    "alone": ("virtual_router",),
    "fault": ("faults",),
}
_REASON_FACTS.update(dict.fromkeys(SILENCES, ("peer", "silence_us")))


class LastTransitions:
    """The last transition of each group, in wall-clock seconds."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[Moment, dict[str, Any]]] = {}
        self._begun = Moment()
        self.counts = TransitionCounts()

    def record(self, change: Transition) -> "dict[str, Any]":
        """Remember a transition; return the facts of its event."""
        facts = transition_facts(change)
        reason = facts["reason"]
        last = {"from": facts["from"], "to": facts["to"], "reason": reason["code"], "facts": reason["facts"]}
        last["text"] = event_text("transition", facts)
        self._last[change.group] = (Moment(), last)
        self.counts.add(change, facts["to"])
        return facts

    def rename(self, names: "dict[str, str]") -> None:
        """Know groups by other names: new ones, and what each was called."""
        before = dict(self._last)
        for new in names:
            if names[new] in before:
                self._last[new] = before[names[new]]
        self.counts.rename(names)

    def since(self, group: str) -> float:
        """Return since when a group has its state."""
        return (self._last[group][0] if group in self._last else self._begun).wall()

    def age(self, group: str) -> float:
        """Return for how many seconds a group has its state."""
        return (self._last[group][0] if group in self._last else self._begun).age()

    def last(self, group: str) -> "dict[str, Any] | None":
        """Return the last transition of a group, if there was one."""
        if group not in self._last:
            return None
        moment, last = self._last[group]
        found = dict(last)
        found["at"] = moment.wall()
        return found


def transition_facts(change: Transition) -> "dict[str, Any]":
    """Return the facts of a transition's event: group, states, and the reason as a message."""
    known = {
        "peer": None if change.peer is None else text_of(change.peer),
        "priority": change.peer_priority,
        "silence_us": change.silence,
        "faults": faults(change.faults),
        "virtual_router": change.router,
    }
    facts = {name: known[name] for name in _REASON_FACTS.get(change.reason, ())}
    return {
        "group": change.group,
        "from": change.before,
        "to": shown_state(change.after, change.faults),
        "reason": message(change.reason, **facts),
    }
