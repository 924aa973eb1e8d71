# SPDX-License-Identifier: GPL-2.0-or-later
"""Services by role as text: what they do, for a status; what each role will do with them, for a plan."""

import time

from haven.cli.text import duration, wrapped
from haven.contract.message import ODD_FACTS
from haven.contract.services import BY_ROLE, RELOAD, REST, RUN, START, STATES, STOP, STOPPED, failure_text
from haven.core.clock import SECOND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Document = dict[str, Any]
    Row = tuple[str, str]


def services(status: "Document", now: float, width: int) -> list[str]:
    """Return lines on the services; none where nothing runs by role."""
    told = status.get("services") or []
    if not told:
        return []
    doing = [(state, [each["name"] for each in told if each["is"] == state]) for state in STATES]
    parts = ["%s %s" % (", ".join(names), state) for state, names in doing if names]
    lines = wrapped("Services: %s." % "; ".join(parts), width, then="  ")
    for service in told:
        if service["failure"] is not None and (service["wanted"], service["is"]) != (REST, STOPPED):
            lines += wrapped(_failed(service, now), width, then="  ")
    return lines


def _failed(service: "Document", now: float) -> str:
    failure = service["failure"]
    at = time.strftime("%H:%M:%S", time.localtime(failure["at"]))
    text = "%s at %s (%s): %s." % (service["name"], at, duration(now - failure["at"]), _text(failure))
    words = failure["words"].rpartition("\n")[2]
    if service["retry_s"] is not None:
        text += " Next try in %d s." % service["retry_s"]
    return "%s Its last words: %s" % (text, words) if words else text


def _text(failure: "Document") -> str:
    try:
        return failure_text(failure["code"], failure["facts"])
    except ODD_FACTS:
        # Of a router that knows more failures than we do.
        return str(failure["text"])


def planned(group: str, services: "list[Document]") -> "list[tuple[str, list[str]]]":
    """Return what each role of a group will do with its services: labels, and lines in their order."""
    mine = [each for each in services if each["group"] == group]
    if not mine:
        return []
    found = [("as Active", _steps(mine, "active")), ("as Backup", _steps(mine, "backup"))]
    required = [each["name"] for each in mine if each["required"]]
    if required:
        lines = ["hand the group over where %s does not run" % " or ".join(required)]
        found.append(("required", lines))
    return found


def _steps(mine: "list[Document]", role: str) -> list[str]:
    wanted = [(each, BY_ROLE[(each["role"], role)]) for each in mine]
    stops = [each for each, does in reversed(wanted) if does == REST and each["stop"]]
    lines = [_step(STOP, each, "stop_timeout_us") for each in stops]
    starts = [each for each, does in wanted if does == RUN]
    lines += [_step(START, each, "start_timeout_us") for each in starts if each["role"] != "both"]
    return lines + [_both(each) for each in starts if each["role"] == "both"]


def _both(service: "Document") -> str:
    if not service["reload"]:
        return "let %s run on" % service["name"]
    return _step(RELOAD, service, "start_timeout_us")


def _step(action: str, service: "Document", limit: str) -> str:
    commands = ["'%s'" % " ".join(_shown(argv)) for argv in service[action]]
    seconds = service[limit] // SECOND
    return "%s %s, %d s at most: %s" % (action, service["name"], seconds, ", then ".join(commands))


def _shown(argv: "list[str]") -> "list[str]":
    """Return a command as the user wrote it."""
    return argv[2:] if argv[:2] == ["/bin/sh", "-c"] else argv
