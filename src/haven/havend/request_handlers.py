# SPDX-License-Identifier: GPL-2.0-or-later
"""The answers to what is asked over the control socket (contract/control.py)."""

import os

from haven import paths
from haven.contract.control import Refusal, done
from haven.contract.plan import PlanError, read_plan
from haven.core.events import Maintenance, Rehearsal, Switchover
from haven.core.vrrp import states
from haven.havend.host import system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from haven.core.engine import Engine
    from haven.core.value import Value
    from haven.havend.agent_answers import AgentAnswers
    from haven.havend.agent_link import AgentLink
    from haven.havend.control_server import ControlClient
    from haven.havend.event_history import EventHistory
    from haven.havend.handovers import Handovers, PendingHandover
    from haven.havend.loop_orders import LoopOrders
    from haven.havend.maintenance_note import MaintenanceNote
    from haven.havend.plan_in_force import PlanInForce
    from haven.havend.status_report import StatusReport

    Document = dict[str, Any]


# What would turn a stop that is under way into something else.
CHANGES = ("load", "switchover", "maintenance", "rehearse")


class RequestHandlers:
    """Answers requests; `ask` returns None for one that is answered later."""

    def __init__(
        self,
        loop: "LoopOrders",
        run_dir: str,
        engine: "Engine",
        in_force: "PlanInForce",
        report: "StatusReport",
        events: "EventHistory",
        handovers: "Handovers",
        agent: "AgentLink",
        maintenance: "MaintenanceNote",
    ) -> None:
        self._loop = loop
        self._run_dir = run_dir
        self._engine = engine
        self._in_force = in_force
        self._report = report
        self._events = events
        self._handovers = handovers
        self._agent = agent
        self._maintenance_note = maintenance
        self._waiting_for_stop: list[ControlClient] = []
        self._agent_answers: AgentAnswers | None = None
        self._answers = {
            "status": self._status,
            "events": self._send_events,
            "load": self._load,
            "refuse": self._refuse,
            "stop": self._stop,
            "switchover": self._switchover,
            "maintenance": self._maintenance,
            "rehearse": self._rehearse,
        }

    def ask(self, client: "ControlClient", request: "Document") -> "Document | None":
        """Return the answer to a request, or None when it comes later. Raises Refusal."""
        command = request["command"]
        if self._loop.stopping and command in CHANGES:
            raise Refusal("stopping")
        own = self._answers.get(command)
        return self._for_agent().ask(client, request) if own is None else own(client, request)

    def _for_agent(self) -> "AgentAnswers":
        if not system.HAS_AGENT:
            raise Refusal("agent-none")
        if self._agent_answers is None:
            # A havend without an agent does without them.
            from haven.havend.agent_answers import AgentAnswers

            self._agent_answers = AgentAnswers(
                self._loop, self._engine, self._in_force, self._events, self._agent
            )
        return self._agent_answers

    def _status(self, client: "ControlClient", request: "Document") -> "Document | None":
        return done(self._report.status(self._loop.now))

    def _send_events(self, client: "ControlClient", request: "Document") -> "Document | None":
        client.follows = bool(request.get("follow"))
        return done(self._events.events())

    def _load(self, client: "ControlClient", request: "Document") -> "Document | None":
        path = request["path"]
        try:
            plan = read_plan(path)
        except PlanError as error:
            found = error.diagnostic.as_dict()
            self.note_refusal([found])
            raise Refusal("plan-refused", diagnostic=found) from None
        if not plan.enabled:
            self._events.add("disabled")
            self._loop.stop()
            return done({"virtual_routers": 0})
        self._take_in(path)
        changed = not self._in_force.is_unchanged_by(plan)
        if changed:
            self._loop.load(plan)
        return done({"virtual_routers": len(plan.routers), "changed": changed})

    def _take_in(self, path: str) -> None:
        """Make a plan that was left in the run directory the one that the next havend looks for."""
        place = paths.inside(self._run_dir, paths.PLAN)
        if path == paths.inside(self._run_dir, paths.NEXT_PLAN):
            try:
                os.rename(path, place)
            except OSError:
                return

    def _refuse(self, client: "ControlClient", request: "Document") -> "Document | None":
        self.note_refusal(request["problems"])
        return done({})

    def note_refusal(self, diagnostics: "list[Any]") -> None:
        """Show in status, and in the log, why a configuration was not taken."""
        for each in self._in_force.refuse(diagnostics):
            self._events.add("refused", diagnostic=each)

    def _stop(self, client: "ControlClient", request: "Document") -> "Document | None":
        self._waiting_for_stop.append(client)
        if not self._loop.stopping:
            self._loop.stop()
        return None

    def answer_stop(self) -> None:
        """Tell who asked for the stop that it is done."""
        for client in self._waiting_for_stop:
            client.reply_at_last(done({"stopped": True}))

    def _switchover(self, client: "ControlClient", request: "Document") -> "Document | None":
        name = request.get("group")
        active = self._active_for(name)
        pending = self._handovers.add(client, active, name)
        self._hand_over(pending, Switchover(name))
        return None

    def _active_for(self, name: "str | None") -> "list[str]":
        """Return the groups that are meant and Active here. Raises Refusal where there is none."""
        if name is not None and name not in self._engine.groups:
            raise Refusal("no-group", group=name)
        active = self._active(name)
        if not active:
            raise Refusal("not-active-for", group=name) if name else Refusal("not-active")
        return active

    def _rehearse(self, client: "ControlClient", request: "Document") -> "Document | None":
        name = request.get("group")
        active = self._active_for(name)
        if any(self._engine.groups[each].handover is not None for each in active):
            raise Refusal("handover-underway")
        # No time to prepare: who loses power has none.
        self._loop.handle(Rehearsal(name, 1000 * request["limit_ms"]))
        return done({"groups": active})

    def _hand_over(self, pending: "PendingHandover", event: "Value") -> None:
        def begin() -> None:
            if self._handovers.begin(pending):
                self._loop.handle(event)

        self._loop.when_prepared(begin)

    def _maintenance(self, client: "ControlClient", request: "Document") -> "Document | None":
        on, was_on = request["on"], self._maintenance_note.is_there()
        try:
            self._maintenance_note.set(on)
        except OSError as error:
            raise Refusal("maintenance-not-noted", error=str(error)) from None
        active = self._active(None)
        if on != was_on:
            self._events.add("maintenance-on" if on else "maintenance-off")
        if not on:
            self._handovers.withdraw_maintenance()
        if not on or not active or any(group.maintenance for group in self._engine.groups.values()):
            self._loop.handle(Maintenance(on))
            # Nobody is to take over from one that ends its maintenance.
            return done({"on": on, "handed_over": [], "still_active": active if on else []})
        self._hand_over(self._handovers.add(client, active, maintenance=on), Maintenance(on))
        return None

    def _active(self, name: "str | None") -> "list[str]":
        groups = self._engine.groups
        return [
            each for each in sorted(groups) if name in (None, each) and groups[each].state == states.ACTIVE
        ]
