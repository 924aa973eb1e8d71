# SPDX-License-Identifier: GPL-2.0-or-later
"""When each group changed its state last, and why."""

from haven.core.effects import Transition
from haven.havend.messages import state_name
from haven.havend.moment import Moment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class LastTransitions:
    """The last transition of each group, in wall-clock seconds."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[Moment, dict[str, Any]]] = {}
        self._begun = Moment()

    def note(self, change: Transition, text: str) -> None:
        """Remember a transition and its sentence."""
        last = {
            "from": change.before,
            "to": state_name(change.after, change.faults),
            "reason": change.reason,
            "text": text,
        }
        self._last[change.group] = (Moment(), last)

    def since(self, group: str) -> float:
        """Return since when a group has its state."""
        return (self._last[group][0] if group in self._last else self._begun).wall()

    def last(self, group: str) -> "dict[str, Any] | None":
        """Return the last transition of a group, if there was one."""
        if group not in self._last:
            return None
        moment, last = self._last[group]
        return {**last, "at": moment.wall()}
