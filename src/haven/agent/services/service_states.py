# SPDX-License-Identifier: GPL-2.0-or-later
"""One service: what it is to do, what it does, and what follows from what, as tables.

What is told to it, and when, is in service_queue.py: one thing at a time, for all of them.
"""

from typing import Any

from haven.contract.services import (
    BY_ROLE,
    CHECK,
    FAILED,
    RELOAD,
    RELOADING,
    REST,
    RUN,
    RUNNING,
    START,
    STARTING,
    STOP,
    STOPPED,
    STOPPING,
    STUCK,
    UNDECIDED,
    UNKNOWN,
    why,
)
from haven.contract.strict_json import write_json

# How a job ends.
DONE, FAILED_JOB = "done", "failed"
# What is seen of one that nothing is being done with.
DIED, FOUND = "died", "found"
# Procd is asked for the processes of a service.
LOOK = "look"
# How a start has failed whose script has given procd nothing to run: one of FAILURES.
NOT_GIVEN = "not-given"

# (what it does, what it is to do, what is told to it)
WORK = (
    # At the first role after a boot nobody knows: both are told to those that may do so already.
    (UNKNOWN, RUN, START),
    (UNKNOWN, REST, STOP),
    (STOPPED, RUN, START),
    (RUNNING, REST, STOP),
    # What has failed may have left half of itself.
    (FAILED, RUN, STOP),
    (FAILED, REST, STOP),
    (STUCK, REST, STOP),
    (STUCK, RUN, START),
)

# (job, what it does meanwhile, how the job ends, what it does then)
JOBS = (
    (START, STARTING, DONE, RUNNING),
    (START, STARTING, FAILED_JOB, FAILED),
    (STOP, STOPPING, DONE, STOPPED),
    (STOP, STOPPING, FAILED_JOB, STUCK),
    (RELOAD, RELOADING, DONE, RUNNING),
    # It goes on with what it had.
    (RELOAD, RELOADING, FAILED_JOB, RUNNING),
)

# (what it did, what is seen, what it does then)
SEEN = (
    (RUNNING, DIED, FAILED),
    # Somebody else has started it: its package was upgraded, or a person was there.
    (STOPPED, FOUND, RUNNING),
    # What its script did not start has come by itself.
    (FAILED, FOUND, RUNNING),
)

_WORK = {row[:2]: row[2] for row in WORK}
_MEANWHILE = {row[0]: row[1] for row in JOBS}
_AFTER = {(row[0], row[2]): row[3] for row in JOBS}
_SEEN = {row[:2]: row[2] for row in SEEN}

# A retry waits for so long, then for twice as long.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 300.0
# One that has ended so often in so long is not what it should be.
DEATHS, DEATHS_IN_S = 3, 600.0
# How often one at rest is looked at, and how soon after its stop: an interface that goes down with the role
# has procd reload dnsmasq a second later, which starts it.
REST_LOOK_S, REST_LOOKS_S = 30.0, (2.0, 5.0, 10.0)


class RoleService:
    """A service of the plan; times are seconds of a clock that only grows."""

    def __init__(self, planned: dict[str, Any], now: float) -> None:
        self.planned = planned
        self.name: str = planned["name"]
        self.state = UNKNOWN
        self.since = now
        # The role of its group as it was last told, and as it is now; None: not known.
        self.told_role: str | None = None
        self.role: str | None = None
        self.failure: dict[str, Any] | None = None
        self.failed_at = now
        self.failures = 0
        # When the first of its starts began since it was last well.
        self.tried_at = now
        self.retry_at = now
        self.check_at = now
        self.deaths: list[float] = []
        # The processes that procd had of it at the last look.
        self.pids: frozenset[int] = frozenset()

    @property
    def wanted(self) -> str:
        """What it is to do: RUN, REST, or UNDECIDED while the role is not known."""
        return UNDECIDED if self.role is None else BY_ROLE[(self.planned["role"], self.role)]

    @property
    def identity_text(self) -> str:
        """What makes it this service: under one name there may be another after a change."""
        return write_json([self.name, self.planned["inits"], self.planned["start"]])

    def why(self) -> dict[str, Any]:
        """Return why it is to do what it is to do."""
        group = self.planned["group"]
        if self.role is None:
            return why("role-unknown", group)
        return why("everywhere" if self.planned["role"] == "both" else "group-" + self.role, group)

    def take_role(self, role: str | None, now: float) -> None:
        """Take the role of its group."""
        before = self.wanted
        self.role = role
        if self.wanted != before:
            # What failed by the last role is tried at once by this one.
            self.failures, self.deaths, self.retry_at = 0, [], now

    def work(self, now: float) -> str | None:
        """Return what is to be told to it now, or None."""
        job = _WORK.get((self.state, self.wanted))
        if self.state in (FAILED, STUCK) and now < self.retry_at and not self._is_leaving():
            return None
        if self._may_come_by_itself():
            # There is nothing to stop; what a trigger of procd's has started since goes on.
            return START
        if job is None and self.state == RUNNING and self._is_stale():
            return RELOAD
        return job

    def _is_leaving(self) -> bool:
        return self.state == FAILED and self.wanted == REST

    def _is_stale(self) -> bool:
        return bool(self.planned["reload"]) and self.told_role != self.role

    def retry_deadline(self) -> float | None:
        """Return when something that has failed is tried again."""
        waits = self.state in (FAILED, STUCK) and (self.state, self.wanted) in _WORK
        return self.retry_at if waits and not self._is_leaving() else None

    def probe(self) -> str:
        """Return how it is found out whether it runs: CHECK, LOOK, or nothing."""
        if self.planned["check"] is not None and self.wanted == RUN:
            return CHECK
        if self.planned["inits"]:
            return LOOK
        return CHECK if self.planned["check"] is not None else ""

    def look_at(self) -> float | None:
        """Return when it is to be looked at while nothing is being done with it."""
        rests = self.state == STOPPED or self._may_come_by_itself()
        looks = self.probe() if self.state == RUNNING else rests and self.planned["inits"]
        return self.check_at if looks else None

    def deadlines(self) -> list[float]:
        """Return when something is due while nothing is being done."""
        return [at for at in (self.retry_deadline(), self.look_at()) if at is not None]

    def _may_come_by_itself(self) -> bool:
        return self.state == FAILED and self.wanted == RUN and self._was_given_nothing()

    def _was_given_nothing(self) -> bool:
        return self.failure is not None and self.failure["code"] == NOT_GIVEN

    def _late_at(self) -> float:
        """Return until when what its script did not start may come by itself; in the past for all else."""
        limit_s = self.planned["start_timeout_us"] / 1e6
        return self.tried_at + limit_s if self._was_given_nothing() else 0.0

    def begin(self, job: str, now: float) -> None:
        """Take that a job has begun."""
        self._enter(_MEANWHILE[job], now)
        if job == START and not self.failures:
            self.tried_at = now
        if job in (START, RELOAD):
            self.told_role = self.role

    def end(self, job: str, outcome: str, now: float) -> None:
        """Take how a job has ended."""
        self._enter(_AFTER[(job, outcome)], now)
        self.pids = frozenset()
        interval_s = self.planned["check_interval_us"] / 1e6
        looks_s = {RUNNING: interval_s, STOPPED: REST_LOOKS_S[0]}
        self.check_at = now + looks_s.get(self.state, min(interval_s, REST_LOOK_S))
        if outcome == DONE and job == STOP and self.wanted == REST:
            self.failure = None
        elif outcome == DONE and job == START and not (self.planned["inits"] or self.planned["check"]):
            # Nobody will look whether it goes on to work.
            self.failures = 0
        if self.state == STUCK or (self.state == FAILED and job == START):
            self.pause(now)

    def rest(self, now: float) -> None:
        """Take that it was looked at while it does not run."""
        early = [self.since + each for each in REST_LOOKS_S if self.since + each > now]
        self.check_at = early[0] if early else now + REST_LOOK_S

    def see(self, what: str, now: float) -> None:
        """Take what is seen of it while nothing is being done."""
        self._enter(_SEEN[(self.state, what)], now)
        if what == DIED:
            self.pause(now)

    def pause(self, now: float) -> None:
        """Wait before it is tried again, longer each time."""
        self.retry_at = now + min(FIRST_PAUSE_S * 2**self.failures, LONGEST_PAUSE_S)
        if now < self._late_at():
            # It may have come by itself since the last look.
            self.retry_at = min(self.retry_at, self._late_at())
        self.failures = min(self.failures + 1, 10)

    def note_death(self, now: float) -> int:
        """Take that it has ended by itself; return how often it lately has."""
        self.deaths = [*self.recent_deaths(now), now]
        return len(self.deaths)

    def recent_deaths(self, now: float) -> list[float]:
        """Return when it has ended by itself of late."""
        return [at for at in self.deaths if now - at < DEATHS_IN_S]

    def is_broken(self, now: float) -> bool:
        """Tell whether it is to run and does not: it did not come up, or ends again and again."""
        if self.wanted != RUN:
            return False
        often = len(self.recent_deaths(now)) >= DEATHS
        is_down = self.failures > 0 and self.state in (FAILED, STOPPING, STOPPED, STARTING, STUCK)
        return often or (is_down and self.failed_at >= self._late_at())

    def has_settled(self) -> None:
        """Take that it works: an earlier failure is over."""
        self.failures, self.failure = 0, None

    def _enter(self, state: str, now: float) -> None:
        if state != self.state:
            self.state, self.since = state, now
