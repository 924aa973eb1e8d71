# SPDX-License-Identifier: GPL-2.0-or-later
"""The copying of connections by one plan: conntrackd, its orders, the guard, the link, the peers."""

import os
import sys
import time
from collections.abc import Callable
from typing import Any

from haven.agent.conntrack import table_account
from haven.agent.conntrack.conntrackd import Conntrackd
from haven.agent.conntrack.conntrackd_socket import ConntrackdQuestion
from haven.agent.conntrack.conntrackd_statistics import parse, unacknowledged, unsent
from haven.agent.conntrack.guard import Guard
from haven.agent.conntrack.peer_accounts import PeerAccounts
from haven.agent.conntrack.problems import problem
from haven.agent.conntrack.schedule import ACTIVE, SyncSchedule
from haven.agent.conntrack.sync_link import SyncLink

# havend waits for two seconds at the most; conntrackd acknowledges after one.
PREPARE_S = 1.6
PREPARE_STEP_S = 0.005

NOT_INSTALLED = "not installed"
# havend's note in the run directory, for as long as it lasts.
MAINTENANCE = "maintenance"


class TableSync:
    """What the plan's part on connections asks for; times in seconds of time.monotonic()."""

    def __init__(self, part: dict[str, Any], run_dir: str) -> None:
        self._part, self._run_dir = part, run_dir
        self._state = ""
        self._up = False
        self._figures: dict[str, int] = {}
        self.question: ConntrackdQuestion | None = None
        self._conntrackd = Conntrackd(part["conf"], run_dir)
        self._link = SyncLink(part["device"], part["address"])
        self._peers = PeerAccounts(part["device"], part["address"], part["peers"], part["agent_port"])
        self._replication = SyncSchedule(part["renew_us"] / 1e6)
        self._guard = Guard(part["guard"], run_dir)

    def fileno(self) -> int | None:
        """Return what conntrackd's answer comes by, while there is one to come."""
        return None if self.question is None else self.question.fileno()

    def next_deadline(self) -> float | None:
        """Return when there is something to do."""
        until = None if self.question is None else self.question.until
        times = (until, self._replication.next_deadline(), self._guard.next_deadline())
        return min((at for at in times if at is not None), default=None)

    def read(self) -> None:
        """Read what conntrackd answers."""
        if self.question is not None:
            self.question.read()

    def set_state(self, state: str, now: float) -> None:
        """Take the state of the gateway on this node."""
        self._state = state
        self._guard.follow(state == ACTIVE, now)
        self._order(self._replication.set_state(state, now))

    def hand_over(self) -> None:
        """Wait until the peer has what was sent, and tell it no more: the addresses are about to leave."""
        self._send_pending()
        self._order(self._replication.hand_over(time.monotonic()))

    def drive(self, now: float) -> None:
        """Keep conntrackd running and give the orders that are due."""
        self._guard.drive(now)
        self._keep_running(now)
        self._order(self._replication.tick(now))

    def close(self) -> None:
        """End everything."""
        self._drop_question()
        self._guard.close()
        self._peers.close()
        self._conntrackd.stop()

    def _drop_question(self) -> None:
        if self.question is not None:
            self.question.close()
            self.question = None

    # conntrackd

    def _keep_running(self, now: float) -> None:
        child = self._conntrackd
        if child.is_running():
            if not self._up and child.answers():
                self._up = True
                self._order(self._replication.started(now))
            return
        if child.has_ended():
            _say("conntrackd has ended")
            self._up = False
            # What it was asked it does not answer, and what there is of an answer is of no more use.
            self._drop_question()
            self._replication.ended()
            child.note_end(now)
        if not self._link.can_start():
            # It would end at once; when it can start it need not wait for what was no fault of its own.
            child.start_at = now
        elif child.is_installed() and now >= child.start_at:
            self._start(now)

    def _start(self, now: float) -> None:
        self._conntrackd.failure = ""
        try:
            self._conntrackd.start(now)
        except OSError as error:
            self._conntrackd.failure = str(error)
            self._conntrackd.note_end(now)

    def _order(self, orders: list[str]) -> None:
        for name in orders:
            if self._up and not self._conntrackd.order(name):
                _say(f"conntrackd did not {name}")

    def _send_pending(self) -> None:
        # Entries go out as they arise; what is left is what the peer has not yet acknowledged.
        until = time.monotonic() + PREPARE_S
        if not self._up or self._wait("queue", lambda text: unsent(text) == 0, until) is None:
            return
        first = self._wait("resend", bool, until)
        newest = max(unacknowledged(first or ""), default=-1)
        # On a busy router there is always something newer, which the peer acknowledges once a second.
        self._wait("resend", lambda text: min(unacknowledged(text), default=newest + 1) > newest, until)

    def _wait(self, part: str, condition: Callable[[str], bool], until: float) -> str | None:
        """Ask for a part of the statistics until it is as wanted; None without an answer or without time."""
        while (left := until - time.monotonic()) > 0:
            text = self._conntrackd.statistics(part, left)
            if not text:
                break
            if condition(text):
                return text
            time.sleep(PREPARE_STEP_S)
        return None

    # The report

    def ask(self, now: float) -> bool:
        """Ask conntrackd for its figures; tell whether there is one to ask.

        While it reads a great table it does not answer, and nothing else may wait for that.
        """
        self._follow_link()
        self._figures = self._figures if self._up else {}
        self.question = self._conntrackd.question(now) if self._up else None
        return self._up

    def has_answered(self, now: float) -> bool:
        """Tell whether the answer is there, or will not come; take what there is of it."""
        question = self.question
        if question is None or (not question.ended and now < question.until):
            return False
        self._drop_question()
        self._figures = parse(question.text)
        self._replication.note_statistics(self._figures.get("received_packets"), now)
        return True

    def _follow_link(self) -> None:
        # conntrackd's membership in the multicast group is gone with the device.
        if self._link.was_replaced():
            self._conntrackd.terminate()

    def report(self, node: str, now: float) -> dict[str, Any]:
        """Return what havend is to know; the peers' agents hear the gist of it."""
        in_sync = self._replication.in_sync
        table = table_account.table(in_sync)
        if self._state:
            self._peers.exchange({"node": node, "state": self._told_state(), **table}, now)
        running = self._running_state()
        copying = {
            "state": running,
            "device": self._part["device"],
            "peers": self._part["peers"],
            **table,
            "heard_ms": table_account.milliseconds(self._replication.heard_age(now)),
            "restarts": max(self._conntrackd.restarts, 0),
            **table_account.trusted(self._figures, several=len(self._part["peers"]) > 1),
        }
        peers = self._peers.heard(now)
        problems = self._problems(now, running, table, peers)
        return {"conntrack": copying, "peers": peers, "problems": problems, "in_sync": in_sync}

    def _told_state(self) -> str:
        # What havend's own status calls it; the groups of a node in maintenance are Backup like any other's.
        resting = self._state == "backup" and os.path.exists(os.path.join(self._run_dir, MAINTENANCE))
        return MAINTENANCE if resting else self._state

    def _running_state(self) -> str:
        if not self._conntrackd.is_installed():
            return NOT_INSTALLED
        return "running" if self._up else "starting"

    def _problems(
        self, now: float, running: str, table: dict[str, Any], peers: list[dict[str, Any]]
    ) -> list[dict[str, str]]:
        if running == NOT_INSTALLED:
            return [problem("conntrack-missing")]
        obstacle = self._link.obstacle()
        if not self._up and obstacle is None and not self._conntrackd.is_starting(now):
            return [problem("conntrack-down", why=self._conntrackd.failure)]
        found = [] if obstacle is None else [obstacle]
        if self._up and obstacle is None and self._replication.is_silent(now):
            silent = ", ".join(self._part["peers"])
            found.append(problem("conntrack-peer-silent", peers=silent, device=self._part["device"]))
        if self._guard.failure:
            found.append(problem("conntrack-no-guard", why=self._guard.failure))
        return found + table_account.problems(table, peers)


def _say(text: str) -> None:
    print(f"haven-agent: {text}", file=sys.stderr, flush=True)
