# SPDX-License-Identifier: GPL-2.0-or-later
"""`haven status` and `haven events`."""

import json
import os
import sys
import time

from haven.arguments import UsageError
from haven.cli.control_client import ControlConnection, ask
from haven.cli.errors import Failed, Unanswered
from haven.cli.text import printable
from haven.cli.usage import Request
from haven.contract.control import Refusal
from haven.contract.event_log import check_event
from haven.contract.fields import DocumentError
from haven.contract.message import ODD_FACTS
from haven.contract.status import is_status

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
    if request.json:
        print_json(_ask_status(request.run_dir))
    elif watching:
        from haven.cli.watch import watch

        watch(lambda: _text_or_reason(request))
    else:
        sys.stdout.write(_text(request.run_dir))
    if missing:
        raise Failed(f"not all is well yet: {'; '.join(missing)}")
    return 0


def _wait(request: Request) -> list[str]:
    from haven.cli.absence import explained
    from haven.cli.wait import wait_until_well

    return wait_until_well(lambda: _ask_status(request.run_dir), lambda why: explained(why, request))


def _ask_status(run_dir: str) -> "dict[str, Any]":
    document = ask(run_dir, "status")
    if not is_status(document):
        raise Unanswered(Refusal("unintelligible"))
    return dict(document)


def _text(run_dir: str) -> str:
    from haven.cli.status_text import render

    document = _ask_status(run_dir)
    try:
        return render(printable(document), time.time(), wants_colour())
    except (*ODD_FACTS, OSError):
        # What may be missing or null by the tables, and yet is not from any havend.
        raise Unanswered(Refusal("unintelligible")) from None


def _text_or_reason(request: Request) -> str:
    try:
        return _text(request.run_dir)
    except Unanswered as why:
        from haven.cli.absence import stopped

        return f"{stopped(why, request)}\n"


def wants_colour() -> bool:
    """Tell whether stdout is a terminal whose user did not ask for plain text."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def events(request: Request) -> int:
    """Print what has happened, and with --follow what happens."""
    if "--follow" in request.flags:
        return _follow(request)
    found = ask(request.run_dir, "events")
    if request.json:
        print_json(found)
    else:
        sys.stdout.write(_lines(found))
    return 0


def _follow(request: Request) -> int:
    try:
        with ControlConnection(request.run_dir) as havend:
            for batch in havend.follow():
                if request.json:
                    sys.stdout.write("".join(json.dumps(event) + "\n" for event in batch))
                else:
                    sys.stdout.write(_lines(batch))
                sys.stdout.flush()
    except KeyboardInterrupt:
        return 0
    except Unanswered as why:
        raise Failed("havend has ended" if why.refusal.code == "hung-up" else str(why)) from None
    return 0


def _lines(batch: "list[dict[str, Any]]") -> str:
    from haven.cli.event_text import line

    try:
        return "".join(line(check_event(printable(event)), wants_colour()) + "\n" for event in batch)
    except (DocumentError, *ODD_FACTS, OSError):
        raise Unanswered(Refusal("unintelligible")) from None


def print_json(document: "Any") -> None:
    """Print a document for programs that a person can read, too."""
    sys.stdout.write(json.dumps(document, indent=2) + "\n")
