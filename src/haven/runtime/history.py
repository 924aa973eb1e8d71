# SPDX-License-Identifier: GPL-2.0-or-later
"""When each group changed its state last, and why."""

import time

from haven.core.effects import Transition
from haven.runtime.words import state_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class History:
    """The last transition of each group, in wall-clock seconds."""

    def __init__(self) -> None:
        self._last: dict[str, dict[str, Any]] = {}
        self._begun = time.time()

    def note(self, change: Transition, text: str) -> "dict[str, Any]":
        """Remember a transition; return it as status shows it."""
        last = {
            "from": change.before,
            "to": state_name(change.after, change.faults),
            "reason": change.reason,
            "text": text,
            "at": time.time(),
        }
        self._last[change.group] = last
        return last

    def since(self, group: str) -> float:
        """Return since when a group has its state."""
        last = self._last.get(group)
        return self._begun if last is None else float(last["at"])

    def last(self, group: str) -> "dict[str, Any] | None":
        """Return the last transition of a group, if there was one."""
        return self._last.get(group)
