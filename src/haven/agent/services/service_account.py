# SPDX-License-Identifier: GPL-2.0-or-later
"""A service as the status shows it, and what is the matter with it."""

from typing import Any

from haven.agent.services.service_queue import ServiceQueue
from haven.agent.services.service_states import RoleService
from haven.contract.problems import problem
from haven.contract.services import REST, STOPPED, STUCK


def told_of(service: RoleService, now: float, wall: float) -> dict[str, Any]:
    """Return a service for the status; `wall` is now in seconds since the epoch."""
    retry_at = service.retry_deadline()
    failure = service.failure and {**service.failure, "at": wall - (now - service.failed_at)}
    return {
        "name": service.name,
        "group": service.planned["group"],
        "role": service.planned["role"],
        # A plan of an earlier release has none.
        "profile": service.planned.get("profile", ""),
        "required": service.planned["required"],
        "wanted": service.wanted,
        "is": service.state,
        "since": wall - (now - service.since),
        "why": service.why(),
        "failure": failure,
        "deaths": len(service.recent_deaths(now)),
        "retry_s": None if retry_at is None else max(0, round(retry_at - now)),
    }


def problems_of(service: RoleService, queue: ServiceQueue, now: float) -> list[dict[str, Any]]:
    """Return what is the matter with a service."""
    if service.failure is None or (service.wanted == REST and service.state == STOPPED):
        return []
    words = service.failure["words"].rpartition("\n")[2]
    facts = {"service": service.name, "failure": service.failure, "words": words}
    if service.wanted == REST:
        return [problem("service-stuck", service.name, **facts)] if service.state == STUCK else []
    if not service.is_broken(now):
        # It runs again, and the status tells of it until it has settled; or it is still waited for.
        return []
    if not service.planned["required"]:
        return [problem("service-failed", service.name, **facts)]
    group = service.planned["group"]
    found = [problem("service-required", service.name, group=group, **facts)]
    at = queue.handover_at(service, now)
    count = queue.pauses_of(service).count(now)
    if at is not None and at > now and count:
        held = {"group": group, "service": service.name, "count": count, "left_s": round(at - now)}
        found.append(problem("service-held", service.name, **held))
    return found
