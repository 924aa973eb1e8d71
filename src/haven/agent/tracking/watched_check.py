# SPDX-License-Identifier: GPL-2.0-or-later
"""A check of the plan that is made again and again, and what the status shows of it."""

import time
from collections.abc import Callable
from typing import Any

from haven.agent.loop import Scope
from haven.agent.tracking.check_state import ANSWERED, CheckOutcome, CheckState
from haven.agent.tracking.host_probe import HostProbe
from haven.agent.tracking.script_probe import ScriptProbe
from haven.contract.check_documents import DOWN, SCRIPT, UNABLE
from haven.contract.problems import problem
from haven.core.clock import MILLISECOND, SECOND


class WatchedCheck:
    """One check; `changed` is called when its verdict is another one."""

    def __init__(self, scope: Scope, check: dict[str, Any], changed: Callable[[], None]) -> None:
        self._scope, self.check, self._changed = scope.inner(), check, changed
        self._state = CheckState(check["rise"], check["fall"], time.time())
        self._probe: HostProbe | ScriptProbe | None = None
        self._outcome = CheckOutcome("", check["kind"])
        self._answered_at: float | None = None
        self._latency_ms: float | None = None
        self._begin()

    def close(self) -> None:
        """Ask no more."""
        if self._probe is not None:
            self._probe.close()
        self._scope.close()

    def _begin(self) -> None:
        self._scope.after(self.check["interval_us"] / SECOND, self._begin)
        if self._probe is None:
            kind = ScriptProbe if self.check["kind"] == SCRIPT else HostProbe
            self._probe = kind(self._scope, self.check, self._take)
            self._probe.begin()

    def _take(self, outcome: CheckOutcome) -> None:
        self._probe, self._outcome = None, outcome
        if outcome.result == ANSWERED:
            self._answered_at, self._latency_ms = time.time(), outcome.latency_ms
        if self._state.take(outcome.result, time.time()):
            self._changed()

    # What it shows

    @property
    def target(self) -> str:
        """What is asked, as its user wrote it."""
        if self.check["kind"] == SCRIPT:
            # What is behind the program may be a password.
            return str(self.check["argv"][0])
        port = self.check.get("port")
        return f"{self.check['address']} port {port}" if port else str(self.check["address"])

    def account(self) -> dict[str, Any]:
        """Return the check as contract/check_documents.py has it."""
        return {
            "name": self.check["name"],
            "kind": self._outcome.kind,
            "target": self.target,
            "device": self.check.get("device"),
            "weight": self.check["weight"],
            "interval_ms": self.check["interval_us"] // MILLISECOND,
            "state": self._state.state,
            "since": self._state.since,
            "answered_at": self._answered_at,
            "latency_ms": self._latency_ms,
            "error": self._outcome.error,
        }

    def problems(self) -> list[dict[str, Any]]:
        """Return what is the matter with it."""
        code = {DOWN: "check-failed", UNABLE: "check-unable"}.get(self._state.state)
        error = self._outcome.error or "it answers again, but not yet often enough"
        facts = {"check": self.check["name"], "target": self.target, "error": error}
        return [problem(code, self.check["name"], **facts)] if code else []
