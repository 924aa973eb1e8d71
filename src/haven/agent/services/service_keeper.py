# SPDX-License-Identifier: GPL-2.0-or-later
"""Carries out what the queue of services wants: children, events, handovers, a note for the next agent."""

import time
from collections.abc import Callable
from typing import Any

from haven import paths
from haven.agent.calls import CallFailure
from haven.agent.havend_watch import HavendWatch
from haven.agent.loop import Timer
from haven.agent.part import Surroundings
from haven.agent.roles import Change
from haven.agent.services.boot_links import boot_links
from haven.agent.services.command_runner import CommandRunner
from haven.agent.services.service_account import problems_of, told_of
from haven.agent.services.service_note import ServiceNote
from haven.agent.services.service_queue import (
    Abandon,
    Cut,
    Effects,
    HandOver,
    JobEnd,
    Run,
    ServiceQueue,
    Tell,
)
from haven.contract.control import ANSWER_PATIENCE_S, HANDOVER_PATIENCE_S, request

# As states of a group; in Initialize it has stopped, or has not begun.
_ROLES = {"active": "active", "backup": "backup", "fault": "backup"}


class ServiceKeeper:
    """The services of this router."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._note = ServiceNote(paths.inside(around.run_dir, paths.SERVICES_NOTE))
        self._note.end_leftover()
        self._queue = ServiceQueue(self._note.moves)
        # What an agent before this one has known counts for its first plan.
        self._remembered = self._note.services
        # The groups whose role has been known since the boot.
        self._known = set(self._note.groups)
        self._runner = CommandRunner(around.scope, self._remember, self._take_end)
        self._timer: Timer | None = None
        self._ended: Callable[[], None] | None = None
        self._watch = HavendWatch(around.scope, self._follow)

    def take_plan(self, planned: list[dict[str, Any]]) -> None:
        """Take the services of a plan."""
        remembered, self._remembered = self._remembered, {}
        self._perform(self._queue.load(planned, remembered, time.monotonic()))

    def take_roles(self) -> None:
        """Let every service follow the role of its group, of which havend has just told."""
        self._watch.hear()
        self._follow()

    def _follow(self) -> None:
        roles = {}
        for group, state in self._around.roles.states.items():
            if state in _ROLES and not self._watch.is_alone:
                self._known.add(group)
                roles[group] = _ROLES[state]
            elif group in self._known:
                roles[group] = "stopped"
        self._perform(self._queue.take_roles(roles, time.monotonic()))

    def take_change(self, change: Change) -> None:
        """Count a move of a group."""
        self._queue.take_move(change.group, change.before, change.after, change.reason, time.monotonic())
        self._perform([])

    def end(self, done: Callable[[], None]) -> None:
        """Tell what is left to tell, then call `done`."""
        self._ended = done
        self._perform([])

    def account(self) -> dict[str, Any]:
        """Return each service as the status has it."""
        now, wall = time.monotonic(), time.time()
        found = [told_of(each, now, wall) for each in self._queue.services]
        return {"services": found} if found else {}

    def problems(self) -> list[dict[str, Any]]:
        """Return what is the matter with the services."""
        now = time.monotonic()
        found = [each for service in self._queue.services for each in problems_of(service, self._queue, now)]
        return found + boot_links(self._queue.services, self._around.root)

    # What the queue wants

    def _perform(self, effects: Effects) -> None:
        for effect in effects:
            if isinstance(effect, Run):
                self._run(effect)
            elif isinstance(effect, Abandon):
                self._runner.abandon()
            elif isinstance(effect, Cut):
                self._runner.cut()
            elif isinstance(effect, HandOver):
                self._hand_over(effect)
            else:
                self._tell(effect)
        self._remember()
        self._wait()
        if effects:
            self._around.report()
        if self._ended is not None and self._queue.is_done(time.monotonic()):
            ended, self._ended = self._ended, None
            ended()

    def _remember(self) -> None:
        self._note.write(self._queue, self._known, self._runner.pid)

    def _run(self, effect: Run) -> None:
        service = effect.service
        environment = {"SERVICE": service.name, "GROUP": service.planned["group"]}
        environment |= {"ROLE": service.role or "", "NODE": self._around.node}
        self._runner.run(service.planned, effect.action, effect.limit_s, environment)

    def _take_end(self, end: JobEnd) -> None:
        self._perform(self._queue.ended(end, time.monotonic()))

    def _tell(self, effect: Tell) -> None:
        line = request("note", code=effect.code, facts=effect.facts)
        self._around.scope.ask_havend(line, lambda _answer: None, ANSWER_PATIENCE_S)

    def _hand_over(self, effect: HandOver) -> None:
        def answered(answer: Any) -> None:
            done = not isinstance(answer, CallFailure)
            self._perform(self._queue.answered(effect.group, done, time.monotonic()))

        line = request("switchover", group=effect.group)
        self._around.scope.ask_havend(line, answered, HANDOVER_PATIENCE_S)

    def _wait(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        at = self._queue.next_deadline(time.monotonic())
        self._timer = None if at is None else self._around.scope.at(at, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._perform(self._queue.tick(time.monotonic()))
