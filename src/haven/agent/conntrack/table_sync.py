# SPDX-License-Identifier: GPL-2.0-or-later
"""The copying of connections by one plan: conntrackd, its orders, the guard, the link, the peers."""

import os
import time
from collections.abc import Callable
from typing import Any

from haven import paths
from haven.agent.conntrack import table_account
from haven.agent.conntrack.clock_setback import ClockSetback
from haven.agent.conntrack.conntrackd import Conntrackd
from haven.agent.conntrack.conntrackd_socket import STATISTICS
from haven.agent.conntrack.conntrackd_statistics import parse, well_formed
from haven.agent.conntrack.drain import Drain
from haven.agent.conntrack.guard import Guard
from haven.agent.conntrack.kernel_tracking import has_tracking
from haven.agent.conntrack.peer_accounts import PeerAccounts
from haven.agent.conntrack.recent_failures import LATELY_S, RecentFailures
from haven.agent.conntrack.renewal import READ_EVERY_S, Renewal
from haven.agent.conntrack.schedule import SyncSchedule
from haven.agent.conntrack.sync_link import SyncLink
from haven.agent.loop import Scope, Timer
from haven.agent.part import Surroundings
from haven.agent.roles import ACTIVE
from haven.contract.control import REPORT_EVERY_S
from haven.contract.problems import problem

NOT_INSTALLED = "not installed"
# conntrackd answers nobody while it reads a great table, which takes seconds; one that still says nothing
# after so long does not copy either.
UNANSWERED_S = 10.0
STUCK_S = 30.0


class TableSync:
    """What the plan's part on connections asks for; `report` when there is news of it."""

    def __init__(self, part: dict[str, Any], around: Surroundings, scope: Scope) -> None:
        self._part, self._around, self._run_dir = part, around, around.run_dir
        self._scope, self._report = scope, around.report
        run_dir = around.run_dir
        self._state = ""
        self._figures: dict[str, int] = {}
        self._counted: dict[str, Any] = {}
        self._failures = RecentFailures()
        self._answered_at = 0.0
        self._timer: Timer | None = None
        self._link = SyncLink(part["device"], part["address"])
        self._clock = ClockSetback()
        self._peers = PeerAccounts(part["device"], part["address"], part["peers"], part["agent_port"], scope)
        self._renewal = Renewal(part["renew_us"], around.node)
        self._schedule = SyncSchedule(self._renewal.every_s)
        self._guard = Guard(part["guard"], run_dir, scope, part.get("own_ports", ()))
        self._conntrackd = Conntrackd(
            part["conf"], run_dir, scope, self._link.can_start, self._has_started, self._has_ended
        )
        scope.every(REPORT_EVERY_S, self._look)
        scope.every(READ_EVERY_S, self._renewal.read_timeouts)

    # What happens

    def set_state(self, state: str) -> None:
        """Take the state of the gateway on this node."""
        if state == self._state:
            return
        self._state = state
        self._guard.follow(state == ACTIVE)
        self._order(self._schedule.set_state(state, time.monotonic()))

    def prepare(self, done: Callable[[], None]) -> None:
        """Wait until the peer has what was sent, and tell it no more: the addresses are about to leave."""

        def forget() -> None:
            self._order(self._schedule.prepare_handover(time.monotonic()))
            done()

        if self._conntrackd.takes_orders:
            Drain(self._conntrackd.socket, self._scope, forget)
        else:
            forget()

    def end(self, done: Callable[[], None]) -> None:
        """End everything, then call `done`."""
        left = [self._guard.end, self._conntrackd.stop]

        def next_one() -> None:
            if left:
                left.pop(0)(next_one)
            else:
                self._peers.close()
                done()

        next_one()

    def close(self) -> None:
        """Let go of what does not go with the scope."""
        self._peers.close()
        self._conntrackd.close()

    def _has_started(self) -> None:
        self._answered_at = time.monotonic()
        self._order(self._schedule.started(time.monotonic()))

    def _has_ended(self) -> None:
        self._figures = {}
        self._failures.started()
        self._schedule.ended()

    def _order(self, orders: list[str]) -> None:
        if self._conntrackd.takes_orders:
            self._conntrackd.socket.order(orders)
        self._wake_later()

    def _wake_later(self) -> None:
        """Come back when the schedule has something to do."""
        if self._timer is not None:
            self._timer.cancel()
        at = self._schedule.next_deadline()
        self._timer = None if at is None else self._scope.at(at, self._tick)

    def _tick(self) -> None:
        self._order(self._schedule.tick(time.monotonic()))

    # The report

    def _look(self) -> None:
        """Every second: look at the link, tell the peers, ask conntrackd for its figures."""
        # conntrackd's membership in the multicast group is gone with the device.
        if self._link.was_replaced():
            self._conntrackd.terminate("its device is another one now")
        if self._clock.was_set_back():
            self._conntrackd.terminate("the clock was set back, and its timers stand still")
        self._look_at_timeouts()
        self._counted = table_account.count()
        if self._state:
            told = {"node": self._around.node, "state": self._told_state(), **self._table()}
            self._peers.exchange({**told, **self._renewal.told()}, time.monotonic())
        if not self._conntrackd.takes_orders:
            self._report()
        elif not self._conntrackd.socket.ask(STATISTICS[""], self._take_statistics):
            self._take_statistics("")

    def _look_at_timeouts(self) -> None:
        now = time.monotonic()
        self._schedule.renew_every(self._renewal.look(self._peers.heard(now)), now)
        self._wake_later()

    def _take_statistics(self, text: str) -> None:
        # What conntrackd had begun to say before it ended is of no more use.
        if self._conntrackd.takes_orders:
            self._figures = parse(text)
            self._failures.record(self._figures, time.monotonic())
            self._schedule.record_statistics(well_formed(self._figures), time.monotonic())
            self._wake_later()
            self._look_for_answer(text)
        self._report()

    def _look_for_answer(self, text: str) -> None:
        if text:
            self._answered_at = time.monotonic()
        elif self._unanswered() >= STUCK_S:
            # Once a start: it takes no orders until it has ended and is there again.
            self._answered_at = time.monotonic()
            self._conntrackd.kill("it has not answered for %d s" % STUCK_S)

    def _unanswered(self) -> float:
        return time.monotonic() - self._answered_at

    def is_in_sync(self) -> bool:
        """Tell whether this node has the connections of the Active."""
        now = time.monotonic()
        if not self._conntrackd.takes_orders or not self._schedule.is_in_sync(now):
            return False
        # Whoever else is on the device can make it look as if the peer's conntrackd were heard.
        return self._state == ACTIVE or self._peers.hears_any(now)

    def account(self) -> dict[str, Any]:
        """Return what status shows of this node's table and of the peers'."""
        now, several = time.monotonic(), len(self._part["peers"]) > 1
        return {
            "conntrack": {
                "state": self._running_state(),
                "device": self._part["device"],
                "peers": self._part["peers"],
                **self._table(),
                "heard_ms": table_account.milliseconds(self._schedule.heard_age(now)),
                "connected": self._conntrackd.takes_orders and self._schedule.hears_peer(now),
                "sync_left_ms": table_account.milliseconds(self._schedule.sync_left(now)),
                "restarts": max(self._conntrackd.restarts, 0),
                **self._renewal.account(),
                **table_account.trusted(self._figures, several),
                "lately": {
                    "for_s": int(LATELY_S),
                    **table_account.trusted(self._failures.lately(now), several),
                },
            },
            "peers": self._peers.heard(now),
        }

    def _table(self) -> dict[str, Any]:
        return {"in_sync": self.is_in_sync(), **self._counted}

    def _told_state(self) -> str:
        # What havend's own status calls it; the groups of a node in maintenance are Backup like any other's.
        note = paths.inside(self._run_dir, paths.MAINTENANCE_NOTE)
        resting = self._state == "backup" and os.path.exists(note)
        return "maintenance" if resting else self._state

    def _running_state(self) -> str:
        if self._conntrackd.takes_orders:
            return "running"
        return "starting" if self._conntrackd.is_installed() else NOT_INSTALLED

    def problems(self) -> list[dict[str, Any]]:
        """Return what keeps connections from living on."""
        running, obstacle = self._running_state(), self._link.obstacle()
        if running == NOT_INSTALLED:
            return [_problem("conntrack-missing")]
        if running != "running" and obstacle is None and not self._conntrackd.is_starting():
            if not has_tracking():
                return [_problem("conntrack-no-kernel")]
            return [_problem("conntrack-down", error=self._conntrackd.failure)]
        found = [] if obstacle is None else [obstacle]
        if running == "running" and self._unanswered() >= UNANSWERED_S:
            found.append(_problem("conntrack-unanswered"))
        elif running == "running" and obstacle is None and self._schedule.is_silent(time.monotonic()):
            found.append(_problem("conntrack-peer-silent", **self._peer_facts()))
        elif running == "running" and obstacle is None and self._peers.is_silent(time.monotonic()):
            found.append(_problem("conntrack-agent-silent", **self._peer_facts()))
        if self._guard.failure:
            found.append(_problem("conntrack-no-guard", error=self._guard.failure))
        found += self._renewal.problems()
        return found + table_account.problems(self._table(), self._peers.heard(time.monotonic()))

    def _peer_facts(self) -> dict[str, Any]:
        return {"peers": self._part["peers"], "device": self._part["device"]}


def _problem(code: str, **facts: Any) -> dict[str, Any]:
    return problem(code, "conntrack", **facts)
