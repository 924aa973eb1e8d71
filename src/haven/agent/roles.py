# SPDX-License-Identifier: GPL-2.0-or-later
"""The state of each group, as status shows it, and each change of it."""

import time
from typing import Any

# As contract/message.py names it.
ACTIVE = "active"


class Change:
    """A group that has changed its state; `at` is in seconds since the epoch.

    `silence_us`: for how long nothing had been heard of the Active before, where that was the reason.
    """

    def __init__(
        self, group: str, before: str, after: str, reason: str, at: float, silence_us: int | None = None
    ) -> None:
        self.group = group
        self.before = before
        self.after = after
        self.reason = reason
        self.at = at
        self.silence_us = silence_us


class Roles:
    """Follows the events of havend; `states` is empty until havend has been heard.

    `is_ending` when havend has been told to end.
    """

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        self.is_ending = False

    def hear(self, event: dict[str, Any]) -> list[Change]:
        """Take an event; return the changes that it tells of."""
        if event["kind"] == "transition":
            before = self.states.get(event["group"], event["from"])
            found = self._record(event["group"], before, event["to"], event["reason"], event["at"])
            for change in found:
                change.silence_us = _silence_of(event)
            return found
        if event["kind"] == "fault" and self.states.get(event["group"]) == "initialize":
            # It never came as far as Backup, so there is no transition.
            return self._record(event["group"], "initialize", "fault", "fault", event["at"])
        return []

    def compare(self, groups: dict[str, str]) -> list[Change]:
        """Take all states; return what has changed while havend, or its connection, was away."""
        self.is_ending = False
        found = []
        for name, state in groups.items():
            found += self._record(name, self.states.get(name, state), state, "restart", time.time())
        self.states = dict(groups)
        return found

    def _record(self, group: str, before: str, after: str, reason: str, at: float) -> list[Change]:
        self.states[group] = after
        return [] if before == after else [Change(group, before, after, reason, at)]


def _silence_of(event: dict[str, Any]) -> int | None:
    reason = (event.get("facts") or {}).get("reason")
    silence = reason["facts"].get("silence_us") if isinstance(reason, dict) and "facts" in reason else None
    return silence if isinstance(silence, int) else None
