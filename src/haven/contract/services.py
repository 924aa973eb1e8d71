# SPDX-License-Identifier: GPL-2.0-or-later
"""Services by role: what the plan has of each, how the status tells of it, and the words for both.

In the plan they stand in the order in which they are started; they are stopped in the opposite one.
"""

from haven.contract.fields import (
    DocumentError,
    Field,
    any_text,
    check_object,
    check_objects,
    flag,
    list_of,
    mapping,
    number,
    one_of,
    text,
    whole,
)
from haven.contract.message import render

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Document = dict[str, Any]

# Where it runs.
ROLES = ("active", "backup", "both")

# What it is to do, by its group's role; and what it does.
RUN, REST, UNDECIDED = WANTED = ("run", "rest", "undecided")
UNKNOWN, STOPPED, STARTING, RUNNING, STOPPING, RELOADING, FAILED, STUCK = STATES = (
    "unknown",
    "stopped",
    "starting",
    "running",
    "stopping",
    "reloading",
    "failed",
    "stuck",
)

# What each role of a service makes of each role of its group.
BY_ROLE = {
    ("active", "active"): RUN,
    ("active", "backup"): REST,
    ("active", "stopped"): REST,
    ("backup", "active"): REST,
    ("backup", "backup"): RUN,
    ("backup", "stopped"): REST,
    ("both", "active"): RUN,
    ("both", "backup"): RUN,
    ("both", "stopped"): RUN,
}

# What is done with it.
START, STOP, RELOAD, CHECK = ("start", "stop", "reload", "check")

PLANNED = (
    Field("name", text),
    Field("group", text),
    Field("role", one_of(ROLES)),
    Field("required", flag),
    # Commands, one after the other, each as its words.
    Field("start", list_of(list_of(text))),
    Field("stop", list_of(list_of(text))),
    Field("reload", list_of(list_of(text))),
    # Null: procd is asked for the processes of `inits`.
    Field("check", list_of(text), nullable=True),
    Field("inits", list_of(text)),
    # The well-known service that it is, empty for none.
    Field("profile", any_text, optional=True),
    # Whether it runs only where procd has a process of it.
    Field("process", flag),
    Field("start_timeout_us", whole(1)),
    Field("stop_timeout_us", whole(1)),
    Field("check_interval_us", whole(1)),
)

PART = (Field("services", list_of(mapping)),)

SERVICE = (
    Field("name", text),
    Field("group", text),
    Field("role", one_of(ROLES)),
    Field("profile", any_text, optional=True),
    Field("required", flag),
    Field("wanted", one_of(WANTED)),
    Field("is", one_of(STATES)),
    Field("since", number),
    Field("why", mapping),
    # What failed last: {"action", "code", "facts", "text", "words", "at"}.
    Field("failure", mapping, nullable=True),
    # How often it has ended by itself in the last ten minutes.
    Field("deaths", whole()),
    # In how many seconds it is tried again.
    Field("retry_s", whole(), nullable=True),
)

FAILURE = (
    Field("action", text),
    Field("code", text),
    Field("facts", mapping),
    Field("text", text),
    Field("words", lambda value: "" if isinstance(value, str) else "a text"),
    Field("at", number),
)

# Why it is to run, or not.
WHY = {
    "role-unknown": "the role of {group} is not known yet",
    "group-active": "{group} is Active here",
    "group-backup": "{group} is not Active here",
    "group-stopped": "{group} has stopped here",
    "everywhere": "it runs on every router",
}

FAILURES = {
    "late": "{action}: killed, it was not done after {limit_s}",
    "status": "{action}: ended with status {status}",
    "missing": "{path} is not there",
    "unstartable": "{action}: {error}",
    "not-up": "it did not come up within {limit_s}",
    # As OpenWrt's scripts do where they are switched off in their own configuration, and cron without a job.
    "not-given": "its script started nothing within {limit_s}: is it switched on, and has it work to do?",
    "not-down": "it still ran {limit_s} after it was told to stop",
    "died": "it ended by itself, {count} times in ten minutes",
}


def check_part(document: "Document", where: str) -> None:
    """Check what the plan has of services. Raises DocumentError."""
    check_objects(document["services"], PLANNED, "%s: services" % where)
    names = [each["name"] for each in document["services"]]
    if len(set(names)) != len(names):
        raise DocumentError("%s: services: a name stands there twice" % where)


def check_told(services: "list[Any]", where: str) -> None:
    """Check what a status tells of services. Raises DocumentError."""
    check_objects(services, SERVICE, where)
    for each in services:
        if each["failure"] is not None:
            check_object(each["failure"], FAILURE, "%s: failure" % where)


def why(code: str, group: str) -> "Document":
    """Return why a service is to run or not, as the status has it."""
    facts = {"group": group}
    return {"code": code, "facts": facts, "text": render(WHY[code], facts, {})}


def failure_text(code: str, facts: "Document") -> str:
    """Return a failure in English. Raises KeyError for a code or a fact that is missing."""
    return render(FAILURES[code], facts, {})
