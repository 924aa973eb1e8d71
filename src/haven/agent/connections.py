# SPDX-License-Identifier: GPL-2.0-or-later
"""The connections: follows the gateway's state, drives conntrackd, reports every second."""

import sys
import time
from collections.abc import Callable
from typing import Any

from haven.agent import account
from haven.agent.conntrackd import Conntrackd
from haven.agent.guard import Guard
from haven.agent.havend import Havend
from haven.agent.orders import Question
from haven.agent.plan import read_plan
from haven.agent.problems import problem
from haven.agent.replication import ACTIVE, Replication
from haven.agent.roles import Roles
from haven.agent.statistics import parse, unacknowledged, unsent
from haven.agent.synclink import SyncLink

REPORT_S = 1.0
# havend waits for two seconds at the most; conntrackd acknowledges after one.
PREPARE_S = 1.6
PREPARE_STEP_S = 0.005


class Connections:
    """The part of the agent that keeps the table of connections copied."""

    def __init__(self, run_dir: str, havend: Havend) -> None:
        self._run_dir = run_dir
        self._havend = havend
        self._roles = Roles()
        self._part: dict[str, Any] | None = None
        self._conntrackd: Conntrackd | None = None
        self._link = SyncLink("", "")
        self._replication = Replication(0)
        self._guard = Guard([], run_dir)
        self._up = False
        self._question: Question | None = None
        self._figures: dict[str, int] = {}
        self._report_at = 0.0
        self._take_plan()

    def fileno(self) -> int | None:
        """Return what conntrackd's answer comes by, while there is one to come."""
        return None if self._question is None else self._question.fileno()

    def next_deadline(self) -> float:
        """Return when drive() has something to do."""
        report_at = self._report_at if self._question is None else self._question.until
        times = (report_at, self._replication.next_deadline(), self._guard.next_deadline())
        return min(at for at in times if at is not None)

    def read(self) -> None:
        """Read what conntrackd answers."""
        if self._question is not None:
            self._question.read()

    def hear(self, event: dict[str, Any]) -> None:
        """Follow the state of the groups and the plan."""
        self._roles.hear(event)
        if event["kind"] in ("roles", "transition"):
            self._follow_state()
        elif event["kind"] == "reload":
            self._take_plan()
        elif event["kind"] == "prepare":
            self._send_pending()
            self._order(self._replication.hand_over(time.monotonic()))
            self._havend.say("prepared")

    def drive(self, now: float) -> None:
        """Keep conntrackd running, give the orders that are due, report."""
        self._guard.drive(now)
        if self._conntrackd is not None:
            self._keep_running(self._conntrackd, now)
            self._order(self._replication.tick(now))
        if self._question is not None:
            self._take_answer(self._question, now)
        elif now >= self._report_at:
            self._report_at = now + REPORT_S
            self._follow_link()
            self._ask(now)

    def _ask(self, now: float) -> None:
        # While it reads a great table conntrackd does not answer, and nothing else may wait for that.
        if self._conntrackd is not None and self._up:
            self._question = self._conntrackd.question(now)
        else:
            self._figures = {}
            self._report(now)

    def _take_answer(self, question: Question, now: float) -> None:
        if not question.ended and now < question.until:
            return
        question.close()
        self._question = None
        self._figures = parse(question.text)
        self._replication.note_statistics(self._figures.get("received_packets"), now)
        self._report(now)

    def _follow_link(self) -> None:
        # conntrackd's membership in the multicast group is gone with the device.
        if self._link.was_replaced() and self._conntrackd is not None:
            self._conntrackd.terminate()

    def close(self) -> None:
        """End conntrackd and the guard."""
        self._guard.close()
        if self._conntrackd is not None:
            self._conntrackd.stop()

    def _follow_state(self) -> None:
        state = ACTIVE if ACTIVE in self._roles.states.values() else "backup"
        if self._roles.states:
            # Before the first word of havend nothing may be guarded: this may be the Active.
            self._guard.follow(state == ACTIVE, time.monotonic())
        self._order(self._replication.set_state(state, time.monotonic()))
        if state != ACTIVE:
            # havend has our word that we are in sync, from when we were Active.
            self._report(time.monotonic())

    # The plan

    def _take_plan(self) -> None:
        part = self._read_part()
        if part == self._part:
            return
        self._part, self._up, self._figures = part, False, {}
        if self._question is not None:
            self._question.close()
        if self._conntrackd is not None:
            self._conntrackd.stop()
        self._conntrackd = Conntrackd(part["conf"], self._run_dir) if part else None
        self._link = SyncLink(part["device"], part["address"]) if part else SyncLink("", "")
        self._replication = Replication(part["renew_us"] / 1e6 if part else 0)
        self._guard.close()
        self._guard = Guard(part["guard"] if part else [], self._run_dir)
        self._follow_state()

    def _read_part(self) -> dict[str, Any] | None:
        plan = read_plan(self._run_dir)
        if plan is None:
            return self._part
        part = plan.get("conntrack")
        return part if isinstance(part, dict) else None

    # conntrackd

    def _keep_running(self, child: Conntrackd, now: float) -> None:
        if child.is_running():
            if not self._up and child.answers():
                self._up = True
                self._order(self._replication.started(now))
            return
        if child.has_ended():
            _say("conntrackd has ended")
            self._up = False
            self._replication.ended()
            child.note_end(now)
        if not self._link.can_start():
            # It would end at once; when it can start it need not wait for what was no fault of its own.
            child.start_at = now
        elif child.is_installed() and now >= child.start_at:
            self._start(child, now)

    def _start(self, child: Conntrackd, now: float) -> None:
        child.failure = ""
        try:
            child.start(now)
        except OSError as error:
            child.failure = str(error)
            child.note_end(now)

    def _order(self, orders: list[str]) -> None:
        for name in orders:
            if self._conntrackd is not None and self._up and not self._conntrackd.order(name):
                _say(f"conntrackd did not {name}")

    def _send_pending(self) -> None:
        # Entries go out as they arise; what is left is what the peer has not yet acknowledged.
        child, until = self._conntrackd, time.monotonic() + PREPARE_S
        if child is None or not self._up or not _wait(lambda: unsent(child.statistics("queue")) == 0, until):
            return
        newest = max(unacknowledged(child.statistics("resend")), default=-1)
        # On a busy router there is always something newer, which the peer acknowledges once a second.
        _wait(lambda: min(unacknowledged(child.statistics("resend")), default=newest + 1) > newest, until)

    # The report

    def _report(self, now: float) -> None:
        if self._part is None or self._conntrackd is None:
            self._havend.say("report", conntrack={}, problems=[], in_sync=True)
            return
        age, in_sync = self._replication.heard_age(now), self._replication.in_sync
        self._havend.say(
            "report",
            conntrack={
                "state": self._state(),
                "device": self._part["device"],
                "peers": self._part["peers"],
                **account.account(
                    self._figures,
                    age,
                    in_sync,
                    max(self._conntrackd.restarts, 0),
                    several=len(self._part["peers"]) > 1,
                ),
            },
            problems=self._problems(now),
            in_sync=in_sync,
        )

    def _state(self) -> str:
        assert self._conntrackd is not None
        if not self._conntrackd.is_installed():
            return "not installed"
        return "running" if self._up else "starting"

    def _problems(self, now: float) -> list[dict[str, str]]:
        assert self._conntrackd is not None and self._part is not None
        if not self._conntrackd.is_installed():
            return [problem("conntrack-missing")]
        obstacle = self._link.obstacle()
        if not self._up and obstacle is None:
            return [problem("conntrack-down", why=self._conntrackd.failure)]
        found = [] if obstacle is None else [obstacle]
        if obstacle is None and self._replication.is_silent(now):
            peers = ", ".join(self._part["peers"])
            found.append(problem("conntrack-peer-silent", peers=peers, device=self._part["device"]))
        if self._guard.failure:
            found.append(problem("conntrack-no-guard", why=self._guard.failure))
        count, limit = account.read_number(account.COUNT_FILE), account.read_number(account.LIMIT_FILE)
        if count and limit and count > account.NEARLY_FULL * limit:
            found.append(problem("conntrack-full", count=count, limit=limit))
        return found


def _wait(condition: Callable[[], bool], until: float) -> bool:
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(PREPARE_STEP_S)
    return False


def _say(text: str) -> None:
    print(f"haven-agent: {text}", file=sys.stderr, flush=True)
