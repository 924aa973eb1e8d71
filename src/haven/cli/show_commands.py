# SPDX-License-Identifier: GPL-2.0-or-later
"""`haven status` and `haven events`."""

import json
import sys

from haven.arguments import UsageError
from haven.cli.control_client import ControlConnection
from haven.cli.errors import Failed, Unanswered
from haven.cli.own_words import ask_of, event_lines, print_json, status_of, status_text
from haven.cli.usage import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def status(request: Request) -> int:
    """Print the status of this node."""
    watching, waiting = "--watch" in request.flags, "--wait" in request.flags
    if watching and (request.json or waiting):
        other = "--json" if request.json else "--wait"
        raise UsageError(f"status: {other} and --watch do not go together")
    missing = _wait(request) if waiting else []
    if "--all" in request.flags:
        from haven.cli.all_routers import statuses

        return statuses(request)
    if request.json:
        print_json(_ask_status(request))
    elif watching:
        from haven.cli.watch import watch

        watch(lambda: _text_or_reason(request))
    else:
        sys.stdout.write(status_text(request, request.values["--node"]))
    if missing:
        raise Failed(f"not all is well yet: {'; '.join(missing)}")
    return 0


def _wait(request: Request) -> list[str]:
    from haven.cli.absence import explained
    from haven.cli.wait import wait_until_well

    return wait_until_well(lambda: _ask_status(request), lambda why: explained(why, request))


def _ask_status(request: Request) -> "dict[str, Any]":
    return status_of(request, request.values["--node"])


def _text_or_reason(request: Request) -> str:
    try:
        return status_text(request, request.values["--node"])
    except Unanswered as why:
        from haven.cli.absence import stopped

        return f"{stopped(why, request)}\n"


def events(request: Request) -> int:
    """Print what has happened, and with --follow what happens."""
    if "--follow" in request.flags:
        return _follow(request)
    if "--all" in request.flags:
        from haven.cli.all_routers import merged_events

        return merged_events(request)
    found = ask_of(request, request.values["--node"], "events")
    if request.json:
        print_json(found)
    else:
        sys.stdout.write(event_lines(found))
    return 0


def _follow(request: Request) -> int:
    try:
        with ControlConnection(request.run_dir) as havend:
            for batch in havend.follow():
                if request.json:
                    sys.stdout.write("".join(json.dumps(event) + "\n" for event in batch))
                else:
                    sys.stdout.write(event_lines(batch))
                sys.stdout.flush()
    except KeyboardInterrupt:
        return 0
    except Unanswered as why:
        raise Failed("havend has ended" if why.refusal.code == "hung-up" else str(why)) from None
    return 0
