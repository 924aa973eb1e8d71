# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a router could serve, by its own status: what is missing, a phrase each."""

from collections.abc import Iterable
from typing import Any

ACTIVE, BACKUP = "active", "backup"

Status = dict[str, Any]


def active_groups(status: Status) -> list[str]:
    """Return the groups for which a router is Active."""
    return [group["name"] for group in status["groups"] if group["state"] == ACTIVE]


def priority_in(status: Status, group: str) -> int:
    """Return the highest priority that a router's configuration gives it in a group."""
    routers = [router for router in status["virtual_routers"] if router["group"] == group]
    return max([router["configured_priority"] for router in routers], default=0)


def is_in_maintenance(status: Status) -> bool:
    """Tell whether a router is in maintenance."""
    return any(group["maintenance"] for group in status["groups"])


def faults(status: Status) -> list[str]:
    """Return why groups of a router can be neither Active nor Backup."""
    found = []
    for group in status["groups"]:
        if group["state"] not in (ACTIVE, BACKUP):
            found.append(f"{group['name']}: {', '.join(group['faults']) or group['state']}")
    return found


def copies_connections(status: Status) -> bool:
    """Tell whether a router takes part in the copy of connections."""
    return bool(status["conntrack"])


def problem_keys(status: Status) -> list[str]:
    """Return what the problems of a status are known by."""
    return [f"{problem['code']} {problem['about']}" for problem in status["problems"]]


def missing(status: Status, known: Iterable[str], copies: bool) -> list[str]:
    """Return what keeps a router from serving, beside the problems that are known."""
    found = faults(status)
    if not status["groups"]:
        found.append("no virtual router is configured")
    found += [f"{router['name']} hears no Active" for router in status["virtual_routers"] if _waits(router)]
    if copies and not (status["conntrack"] or {}).get("in_sync"):
        found.append("not all connections are there yet")
    known = set(known)
    keys = problem_keys(status)
    for key, problem in zip(keys, status["problems"], strict=True):
        if key not in known:
            found.append(f"{problem['about']}: {problem['message']}")
    return found


def _waits(router: Status) -> bool:
    return bool(router["state"] == BACKUP and router["active"]["address"] is None)


def standing(node: str, status: Status | None, release: str) -> str:
    """Return where a router stands, as words."""
    if status is None:
        return f"{node} does not answer"
    states = {group["state"] for group in status["groups"]}
    words = "Active" if ACTIVE in states else "Backup" if states == {BACKUP} else "in fault"
    in_maintenance = ", in maintenance" if is_in_maintenance(status) else ""
    return f"{node} is {words} with haven {release}{in_maintenance}"
