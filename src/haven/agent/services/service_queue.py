# SPDX-License-Identifier: GPL-2.0-or-later
"""All services of a router: what is told to which, one thing at a time, stops before starts.

Time comes in, effects go out. What the tables of service_states.py want of each service is folded: a job
that has begun goes on to its end or its limit, and what comes next follows from the roles as they are then.
"""

from typing import Any

from haven.agent.services.handover_pauses import HandoverPauses
from haven.agent.services.service_states import (
    DEATHS,
    DIED,
    DONE,
    FAILED_JOB,
    FOUND,
    LOOK,
    NOT_GIVEN,
    RoleService,
)
from haven.contract.services import (
    CHECK,
    FAILED,
    RELOAD,
    REST,
    RUNNING,
    START,
    STOP,
    STOPPED,
    STUCK,
    failure_text,
)

# How soon one that comes up, or goes, is looked at again.
AGAIN_S = 0.5
# A script gives procd its instances before it ends, or when procd has called it again for what it waits for,
# which takes a second or so. Where none is there by then, it has nothing to run as things are.
GIVEN_S = 2.0
# What looks is not to take longer.
LOOK_LIMIT_S = 10.0
# procd starts again what has ended after five seconds.
RESPAWN_S = 6.0
# A start that is not wanted any more has so long to end by itself: what is to stop waits for it.
GRACE_S = 5.0
# One that has worked for so long works.
SETTLED_S = 60.0

Planned = dict[str, Any]


class Run:
    """Tell a service something, or look at it; the end is to be told with ended()."""

    def __init__(self, service: RoleService, action: str, limit_s: float) -> None:
        self.service, self.action, self.limit_s = service, action, limit_s


class Abandon:
    """End what looks; its end is nobody's business."""


class Cut:
    """End what runs before its limit; that it was ended is to be told with ended()."""


class Tell:
    """Something for the events: a code of contract/event_log.py and its facts."""

    def __init__(self, code: str, **facts: Any) -> None:
        self.code, self.facts = code, facts


class HandOver:
    """Ask havend to hand a group over, because of a service; the answer is to be told with answered()."""

    def __init__(self, group: str, service: str) -> None:
        self.group, self.service = group, service


Effect = Run | Abandon | Cut | Tell | HandOver
Effects = list[Effect]


class JobEnd:
    """How something that was run has ended.

    `code` is one of FAILURES, empty for success; `words` are its last ones. Of a look `alive` is None where
    nobody can tell, `pids` are the processes that procd has, and `code` says why there are none.
    """

    def __init__(
        self,
        code: str = "",
        facts: dict[str, Any] | None = None,
        words: str = "",
        alive: bool | None = None,
        pids: frozenset[int] = frozenset(),
    ) -> None:
        self.code, self.facts, self.words = code, facts or {}, words
        self.alive, self.pids = alive, pids


class _Job:
    """What is being done with one service: `told` is START, STOP, RELOAD, or None for a look."""

    def __init__(self, service: RoleService, told: str | None, now: float, limit_s: float) -> None:
        self.service, self.told, self.limit_s = service, told, limit_s
        # By when it has to have come up, or gone; and by when procd has to know of what is to come up.
        self.until = self.given_by = now + limit_s
        # When it is looked at again; None while something runs.
        self.again_at: float | None = None
        # When that was asked which is being answered.
        self.asked_at = now
        self.words = ""
        self.end: JobEnd | None = None
        # Since when a start is not wanted any more, and whether it was cut for that.
        self.unwanted_at: float | None = None
        self.is_cut = False


class ServiceQueue:
    """The services in the order of the plan, and the one job."""

    def __init__(self, pauses: dict[str, list[float]] | None = None) -> None:
        self.services: list[RoleService] = []
        self.pauses = {group: HandoverPauses(moves) for group, moves in (pauses or {}).items()}
        self._roles: dict[str, str] = {}
        self._job: _Job | None = None
        # The groups that havend has been asked to hand over.
        self._asked: set[str] = set()

    # What happens

    def load(self, planned: list[Planned], remembered: dict[str, dict[str, Any]], now: float) -> Effects:
        """Take the services of a plan; `remembered` is what another agent knew of some."""
        before = {service.identity_text: service for service in self.services}
        self.services = [_made(each, before, remembered, now) for each in planned]
        for service in self.services:
            service.take_role(self._roles.get(service.planned["group"]), now)
        return self._go_on(now)

    def take_roles(self, roles: dict[str, str], now: float) -> Effects:
        """Take the role of each group: "active", "backup" or "stopped"."""
        self._roles = dict(roles)
        self._asked = {group for group in self._asked if roles.get(group) == "active"}
        for service in self.services:
            service.take_role(roles.get(service.planned["group"]), now)
        return self._go_on(now)

    def take_move(self, group: str, before: str, after: str, reason: str, now: float) -> None:
        """Take a change of state, and why."""
        self.pauses.setdefault(group, HandoverPauses()).note(before, after, reason, now)

    def answered(self, group: str, done: bool, now: float) -> Effects:
        """Take how a handover has ended; of one that was done the next roles tell."""
        if not done:
            self._asked.discard(group)
            self.pauses.setdefault(group, HandoverPauses()).note_refusal(now)
        return self._go_on(now)

    def ended(self, end: JobEnd, now: float) -> Effects:
        """Take how what was run has ended."""
        job = self._job
        assert job is not None
        if job.told is None:
            self._job = None
            effects = _seen(job.service, end, now)
        elif job.end is None:
            job.end, job.words = end, end.words
            effects = self._told(job, end, now)
        else:
            effects = self._looked(job, end, now)
        return effects + self._go_on(now)

    def tick(self, now: float) -> Effects:
        """Do what is due."""
        job, effects = self._job, Effects()
        if job is not None and job.again_at is not None and now >= job.again_at:
            job.again_at, job.asked_at = None, now
            effects.append(Run(job.service, _probe(job) or LOOK, LOOK_LIMIT_S))
        elif job is not None and job.unwanted_at is not None and now >= job.unwanted_at + GRACE_S:
            job.is_cut, job.unwanted_at = True, None
            effects.append(Cut())
        return effects + self._go_on(now)

    def next_deadline(self, now: float) -> float | None:
        """Return when to call tick() at the latest."""
        if self._job is not None:
            waits = self._job.unwanted_at
            return self._job.again_at if waits is None else waits + GRACE_S
        found = [at for service in self.services for at in service.deadlines()]
        found += [self.pauses_of(each).allowed_at(now) for each in self._broken(now)]
        return min(found, default=None)

    def is_done(self, now: float) -> bool:
        """Tell whether nothing is being told to a service, and nothing is to be."""
        return (self._job is None or self._job.told is None) and self._due(now) is None

    def handover_at(self, service: RoleService, now: float) -> float | None:
        """Return when a group is handed over because of a service that is broken; None: it is not."""
        return self.pauses_of(service).allowed_at(now) if service in self._broken(now) else None

    def pauses_of(self, service: RoleService) -> HandoverPauses:
        """Return what is remembered of the moves of a service's group."""
        return self.pauses.setdefault(service.planned["group"], HandoverPauses())

    # One job after the other

    def _go_on(self, now: float) -> Effects:
        effects = self._hand_over(now)
        due = self._due(now)
        if self._job is not None and self._job.told is None and due is not None:
            self._job = None
            effects.append(Abandon())
        if self._job is not None:
            return effects + self._turn_round(now)
        return effects + (self._begin(*due, now) if due is not None else self._look(now))

    def _due(self, now: float) -> tuple[RoleService, str] | None:
        """Return what is to be told next: what is to stop, the last first; then what is to start."""
        wanted = [(service, service.work(now)) for service in self.services]
        stops = [(service, STOP) for service, job in reversed(wanted) if job == STOP]
        others = [(each, job) for kind in (START, RELOAD) for each, job in wanted if job and job == kind]
        return next(iter([*stops, *others]), None)

    def _begin(self, service: RoleService, told: str, now: float) -> Effects:
        limit = service.planned["stop_timeout_us" if told == STOP else "start_timeout_us"] / 1e6
        self._job = _Job(service, told, now, limit)
        service.begin(told, now)
        return [Run(service, told, limit)]

    def _turn_round(self, now: float) -> Effects:
        """Wait no longer for one to come up that is to stop."""
        job = self._job
        if job is None or job.told != START:
            return []
        is_unwanted = job.service.wanted == REST and job.end is None and not job.is_cut
        if not is_unwanted:
            job.unwanted_at = None
        elif job.unwanted_at is None:
            job.unwanted_at = now
        if job.again_at is None or job.service.wanted != REST:
            return []
        self._job = None
        job.service.end(START, DONE, now)
        return self._go_on(now)

    def _told(self, job: _Job, end: JobEnd, now: float) -> Effects:
        """What was told has been done, or not; then it is to come up, or to go."""
        if job.is_cut and end.code == "late":
            self._job = None
            job.service.end(START, FAILED_JOB, now)
            return []
        nothing_there = end.code == "missing" and job.told == STOP
        if end.code and not nothing_there and not (job.told == STOP and _probe(job) and end.code == "status"):
            return self._finish(job, end, now)
        if nothing_there or job.told == RELOAD or _probe(job) is None:
            return self._finish(job, JobEnd(words=end.words), now)
        if job.told == STOP and not job.service.planned["inits"] and not end.code:
            # Its own word; the check may be about what the Active does.
            return self._finish(job, end, now)
        job.again_at, job.given_by = now, min(now + GIVEN_S, job.until)
        return self.tick(now)

    def _looked(self, job: _Job, end: JobEnd, now: float) -> Effects:
        assert job.end is not None
        is_so = end.alive is not False if job.told == START else not (end.pids or end.alive)
        if is_so:
            return self._finish(job, JobEnd(words=job.words, pids=end.pids), now)
        # A slow ubus may answer late what was so when it was asked.
        seen_at, until = (job.asked_at, job.given_by) if end.code == NOT_GIVEN else (now, job.until)
        if seen_at >= until:
            limit = min(GIVEN_S, job.limit_s) if end.code == NOT_GIVEN else job.limit_s
            code = (end.code or "not-up") if job.told == START else "not-down"
            return self._finish(job, JobEnd(code, {"limit_s": limit}, end.words or job.words), now)
        job.again_at = min(now + AGAIN_S, until)
        return []

    def _finish(self, job: _Job, end: JobEnd, now: float) -> Effects:
        self._job = None
        service, told = job.service, job.told or START
        if end.code:
            _fail(service, told, end, now)
        service.end(told, FAILED_JOB if end.code else DONE, now)
        service.pids = end.pids
        if end.code:
            return [_told_failure(service)]
        return [Tell(_EVENTS[told], service=service.name)]

    # While nothing is to be told

    def _look(self, now: float) -> Effects:
        for service in self.services:
            at = service.look_at()
            if at is not None and now >= at:
                self._job = _Job(service, None, now, LOOK_LIMIT_S)
                return [Run(service, service.probe(), LOOK_LIMIT_S)]
        return []

    def _broken(self, now: float) -> list[RoleService]:
        """Return the services for which a group is to be handed over."""
        return [
            each
            for each in self.services
            if each.planned["required"]
            and each.role == "active"
            and each.planned["group"] not in self._asked
            and each.is_broken(now)
        ]

    def _hand_over(self, now: float) -> Effects:
        effects = Effects()
        for service in self._broken(now):
            group = service.planned["group"]
            if group not in self._asked and now >= self.pauses_of(service).allowed_at(now):
                self._asked.add(group)
                effects += [Tell("service-handover", group=group, service=service.name)]
                effects += [HandOver(group, service.name)]
        return effects


_EVENTS = {START: "service-started", STOP: "service-stopped", RELOAD: "service-reloaded"}


def _made(
    planned: Planned, before: dict[str, RoleService], remembered: dict[str, dict[str, Any]], now: float
) -> RoleService:
    service = RoleService(planned, now)
    known = before.get(service.identity_text)
    if known is not None:
        known.planned = planned
        return known
    note = remembered.get(service.identity_text, {})
    if note.get("is") in (RUNNING, STOPPED, FAILED, STUCK):
        service.state, service.told_role = note["is"], note.get("told_role")
    return service


def _probe(job: _Job) -> str | None:
    """Return how to find out whether what was told is so."""
    planned = job.service.planned
    if job.told == STOP and planned["inits"]:
        return LOOK
    return job.service.probe() or None


def _seen(service: RoleService, end: JobEnd, now: float) -> Effects:
    """Take what a look at a service has shown."""
    interval = service.planned["check_interval_us"] / 1e6
    if service.state != RUNNING:
        service.rest(now)
        if end.pids and (service.state == FAILED or service.wanted == REST):
            code = "service-found" if service.wanted == REST else _EVENTS[START]
            service.see(FOUND, now)
            return [Tell(code, service=service.name)]
        return []
    service.check_at = now + interval
    vanished = service.pids - end.pids
    service.pids = end.pids or service.pids
    if end.alive is not False and not vanished:
        if now - max([service.since, *service.deaths]) >= SETTLED_S:
            service.has_settled()
        return []
    return _died(service, end, now)


def _died(service: RoleService, end: JobEnd, now: float) -> Effects:
    count = service.note_death(now)
    died = JobEnd("died", {"count": count}, end.words)
    _fail(service, CHECK, died, now)
    is_procds = bool(service.planned["inits"])
    if end.alive is False and (not is_procds or not service.pids or count >= DEATHS):
        service.see(DIED, now)
    elif end.alive is False:
        # procd has a while to start it again.
        service.pids, service.check_at = frozenset(), now + RESPAWN_S
    return [_told_failure(service)]


def _told_failure(service: RoleService) -> Tell:
    assert service.failure is not None
    words = service.failure["words"].rpartition("\n")[2]
    return Tell("service-failed", service=service.name, failure=service.failure, words=words)


def _fail(service: RoleService, action: str, end: JobEnd, now: float) -> None:
    facts = {**end.facts, "action": action}
    text = failure_text(end.code, facts)
    service.failed_at = now
    service.failure = {"action": action, "code": end.code, "facts": facts, "text": text, "words": end.words}
