# SPDX-License-Identifier: GPL-2.0-or-later
"""The connections: follows the gateway's state and the plan, has them copied, reports every second."""

import time
from typing import Any

from haven.agent.copying import Copying
from haven.agent.havend import Havend
from haven.agent.plan import read_plan
from haven.agent.replication import ACTIVE
from haven.agent.roles import Roles

REPORT_S = 1.0
NOTHING_COPIED: dict[str, Any] = {"conntrack": {}, "peers": [], "problems": [], "in_sync": True}


class Connections:
    """The part of the agent that keeps the table of connections copied."""

    def __init__(self, run_dir: str, havend: Havend) -> None:
        self._run_dir = run_dir
        self._havend = havend
        self._roles = Roles()
        self._part: dict[str, Any] | None = None
        self._copying: Copying | None = None
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
        if event["kind"] in ("roles", "transition"):
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
        if self._copying is None:
            return
        state = ACTIVE if ACTIVE in self._roles.states.values() else "backup"
        now = time.monotonic()
        # Before the first word of havend nothing may be guarded: this may be the Active.
        self._copying.set_state(state, now, guarded=bool(self._roles.states))
        if state != ACTIVE:
            # havend has our word that we are in sync, from when we were Active.
            self._report(now)

    def _take_plan(self) -> None:
        part = self._read_part()
        if part == self._part:
            return
        if self._copying is not None:
            self._copying.close()
        self._part, self._copying = part, Copying(part, self._run_dir) if part else None
        self._follow_state()

    def _read_part(self) -> dict[str, Any] | None:
        plan = read_plan(self._run_dir)
        if plan is None:
            return self._part
        part = plan.get("conntrack")
        return {**part, "node": plan.get("node", "")} if isinstance(part, dict) else None

    def _report(self, now: float) -> None:
        report = NOTHING_COPIED if self._copying is None else self._copying.report(now)
        self._havend.say("report", **report)
