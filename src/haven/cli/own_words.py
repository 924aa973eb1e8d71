# SPDX-License-Identifier: GPL-2.0-or-later
"""What a router says of itself, this one or one that is paired: asked, checked, and as a person reads it."""

import json
import os
import sys
import time

from haven.cli.control_client import ask
from haven.cli.errors import Unanswered
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


def ask_of(request: Request, node: str, command: str, **arguments: "Any") -> "Any":
    """Ask havend on a paired router, or on this one for no name. Raises Unanswered."""
    if not node:
        return ask(request.run_dir, command, **arguments)
    from haven.cli.agent_client import ask_node

    return ask_node(request.run_dir, node, command, **arguments)


def status_text(request: Request, node: str) -> str:
    """Return the status of a paired router, or of this one for no name, as a person reads it."""
    from haven.cli.status_text import render

    document = status_of(request, node)
    try:
        return render(printable(document), time.time(), wants_colour())
    except (*ODD_FACTS, OSError):
        # What may be missing or null by the tables, and yet is not from any havend.
        raise Unanswered(Refusal("unintelligible")) from None


def status_of(request: Request, node: str) -> "dict[str, Any]":
    """Return the status of a paired router, or of this one for no name. Raises Unanswered."""
    document = ask_of(request, node, "status")
    if not is_status(document):
        raise Unanswered(Refusal("unintelligible"))
    return dict(document)


def event_lines(batch: "list[dict[str, Any]]") -> str:
    """Return a line for each event. Raises Unanswered for what is no event."""
    from haven.cli.event_text import line

    try:
        return "".join(line(check_event(printable(event)), wants_colour()) + "\n" for event in batch)
    except (DocumentError, *ODD_FACTS, OSError):
        raise Unanswered(Refusal("unintelligible")) from None


def wants_colour() -> bool:
    """Tell whether stdout is a terminal whose user did not ask for plain text."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def print_json(document: "Any") -> None:
    """Print a document for programs that a person can read, too."""
    sys.stdout.write(json.dumps(document, indent=2) + "\n")
