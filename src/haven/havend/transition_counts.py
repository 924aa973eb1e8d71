# SPDX-License-Identifier: GPL-2.0-or-later
"""Transitions since havend began, counted by their reason, and how long takeovers took."""

from haven.contract.counted_transitions import BOUNDS_US
from haven.core.silence import SILENCES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from haven.core.effects import Transition

    # From which state, to which, and the reason's code.
    Kind = tuple[str, str, str]


class Durations:
    """How many durations were up to each of BOUNDS_US, and how long all of them took."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS_US) + 1)
        self._sum_us = 0

    def add(self, microseconds: int) -> None:
        """Count one."""
        place = 0
        while place < len(BOUNDS_US) and microseconds > BOUNDS_US[place]:
            place += 1
        self._counts[place] += 1
        self._sum_us += microseconds

    def report(self) -> "dict[str, Any]":
        """Return them for the status (contract/counted_transitions.py)."""
        return {"counts": list(self._counts), "sum_us": self._sum_us}


class TransitionCounts:
    """Counts by group; what a group has never had takes no room."""

    def __init__(self) -> None:
        self._transitions: dict[str, dict[Kind, int]] = {}
        self._detections: dict[str, Durations] = {}
        self._takeovers: dict[str, Durations] = {}

    def add(self, change: "Transition", after: str) -> None:
        """Count a transition, which is shown as one to `after`."""
        counts = self._transitions.setdefault(change.group, {})
        kind = (change.before, after, change.reason)
        counts[kind] = counts.get(kind, 0) + 1
        # Who was handed the group has heard the Active a moment ago, too, and has detected nothing.
        if change.silence is not None and change.reason in SILENCES:
            _of(self._detections, change.group).add(change.silence)

    def add_takeover(self, group: str, microseconds: int) -> None:
        """Count how long it took a group to be Active, from its decision to its last announcement."""
        _of(self._takeovers, group).add(microseconds)

    def rename(self, names: "dict[str, str]") -> None:
        """Know groups by other names: new ones, and what each was called."""
        for table in (self._transitions, self._detections, self._takeovers):
            before = dict(table)
            for new in names:
                if names[new] in before:
                    table[new] = before[names[new]]  # type: ignore[assignment]

    def report(self, group: str) -> "dict[str, Any]":
        """Return what the status tells of a group; nothing of what has not happened."""
        found: dict[str, Any] = {}
        counts = self._transitions.get(group)
        if counts:
            found["transitions"] = [
                {"from": kind[0], "to": kind[1], "reason": kind[2], "count": counts[kind]}
                for kind in sorted(counts)
            ]
        for key, table in (("detections", self._detections), ("takeovers", self._takeovers)):
            if group in table:
                found[key] = table[group].report()
        return found


def _of(table: "dict[str, Durations]", group: str) -> Durations:
    if group not in table:
        table[group] = Durations()
    return table[group]
