# SPDX-License-Identifier: GPL-2.0-or-later
"""The connections: follows the gateway's state and the plan, has them copied, reports every second."""

import time
from typing import Any

from haven.agent.conntrack.schedule import ACTIVE
from haven.agent.conntrack.table_sync import TableSync
from haven.agent.havend_link import HavendLink
from haven.agent.plan_reader import read_plan
from haven.agent.roles import Roles

REPORT_S = 1.0
NOTHING_COPIED: dict[str, Any] = {"conntrack": {}, "peers": [], "problems": [], "in_sync": True}


class ConntrackPart:
    """The part of the agent that keeps the table of connections copied."""

    def __init__(self, run_dir: str, havend: HavendLink) -> None:
        self._run_dir = run_dir
        self._havend = havend
        self._roles = Roles()
        self._part: dict[str, Any] | None = None
        self._node = ""
        self._copying: TableSync | None = None
        self._report_at = 0.0
        self._take_plan()

    def fileno(self) -> int | None:
        """Return what conntrackd's answer comes by, while there is one to come."""
        return None if self._copying is None else self._copying.fileno()

    def next_deadline(self) -> float | None:
        """Return when drive() has something to do."""
        if self._copying is None:
            return self._report_at
        deadline = self._copying.next_deadline()
        if self._copying.question is not None:
            return deadline
        return self._report_at if deadline is None else min(self._report_at, deadline)

    def read(self) -> None:
        """Read what conntrackd answers."""
        if self._copying is not None:
            self._copying.read()

    def hear(self, event: dict[str, Any]) -> None:
        """Follow the state of the groups and the plan."""
        self._roles.hear(event)
        if event["kind"] in ("roles", "reload"):
            # Until havend has answered there may be no plan: it is starting, too.
            self._take_plan()
        if event["kind"] in ("roles", "reload", "transition"):
            self._follow_state()
        elif event["kind"] == "prepare":
            if self._copying is not None:
                self._copying.hand_over()
            self._havend.say("prepared")

    def drive(self, now: float) -> None:
        """Keep conntrackd running, give the orders that are due, report."""
        copying = self._copying
        if copying is not None:
            copying.drive(now)
        if copying is not None and copying.question is not None:
            if copying.has_answered(now):
                self._report(now)
        elif now >= self._report_at:
            self._report_at = now + REPORT_S
            # What is asked is reported with its answer.
            if copying is None or not copying.ask(now):
                self._report(now)

    def close(self) -> None:
        """End everything."""
        if self._copying is not None:
            self._copying.close()

    def _follow_state(self) -> None:
        # Before the first word of havend nothing is known: this may be the Active.
        if self._copying is None or not self._roles.states:
            return
        present = self._roles.states.values()
        state = next((each for each in (ACTIVE, "fault", "backup") if each in present), "initialize")
        now = time.monotonic()
        self._copying.set_state(state, now)
        if state != ACTIVE:
            # havend has our word that we are in sync, from when we were Active.
            self._report(now)

    def _take_plan(self) -> None:
        plan = read_plan(self._run_dir)
        if plan is None:
            return
        self._node, part = str(plan.get("node", "")), plan.get("conntrack")
        if part == self._part:
            return
        if self._copying is not None:
            self._copying.close()
        self._part, self._copying = part, TableSync(part, self._run_dir) if part else None

    def _report(self, now: float) -> None:
        report = NOTHING_COPIED if self._copying is None else self._copying.report(self._node, now)
        self._havend.say("report", **report)
