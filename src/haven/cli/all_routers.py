# SPDX-License-Identifier: GPL-2.0-or-later
"""What concerns all paired routers: each one's own status, one log of all, and who is to take over."""

import sys
import time

from haven.cli.agent_client import ask_node, other_nodes
from haven.cli.errors import Failed, Unanswered
from haven.cli.merged_log import merged
from haven.cli.own_words import event_lines, print_json, status_of, status_text
from haven.cli.text import printable
from haven.cli.usage import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def statuses(request: Request) -> int:
    """Print the status of each router by its own word; 1 when one of them does not answer."""
    nodes = ["", *other_nodes(request.run_dir)]
    if request.json:
        print_json([_status_or_reason(request, node) for node in nodes])
        return 0
    texts, missing = [], 0
    for node in nodes:
        try:
            texts.append(status_text(request, node))
        except Unanswered as why:
            missing = 1
            texts.append(f"{node or 'this router'}: {why}\n")
    sys.stdout.write("\n".join(texts))
    return missing


def _status_or_reason(request: Request, node: str) -> "dict[str, Any]":
    try:
        return status_of(request, node)
    except Unanswered as why:
        return {"node": node, "error": str(why), "code": why.refusal.code}


def merged_events(request: Request) -> int:
    """Print what happened on all routers in its order, each event with its router; 1 without one of them."""
    logs, missing = [], 0
    for node in _all_nodes(request):
        try:
            logs.append(_log_of(request, node))
        except Unanswered as why:
            missing = 1
            print(f"{printable(node)}: {why}", file=sys.stderr)
    found = merged(logs)
    if request.json:
        print_json(found)
        return missing
    width = max([len(event["node"]) for event in found], default=0)
    for event in found:
        lines = event_lines([{**event, "at": event["here"]}])
        sys.stdout.write(f"{printable(event['node']):{width}}  {lines}")
    return missing


def _log_of(request: Request, node: str) -> "tuple[float, list[dict[str, Any]]]":
    """Return how much a router's clock is ahead of ours, and its events."""
    began = time.time()
    there = ask_node(request.run_dir, node, "status").get("at")
    between = (began + time.time()) / 2
    events = [{**event, "node": node} for event in ask_node(request.run_dir, node, "events")]
    # An older haven does not tell its time.
    return (0.0 if there is None else there - between), events


def _all_nodes(request: Request) -> list[str]:
    return [status_of(request, "")["node"], *other_nodes(request.run_dir)]


def switch_to(request: Request) -> int:
    """Let a certain router take over, by asking whoever is Active to hand over."""
    wanted = request.values["--to"]
    nodes = _all_nodes(request)
    if wanted not in nodes:
        raise Failed(f"no router of the name '{printable(wanted)}' is paired with this one")
    arguments = {} if request.argument is None else {"group": request.argument}
    handed_over = [
        node
        for node in nodes
        if node != wanted and _is_active(ask_node(request.run_dir, node, "status"), request.argument)
    ]
    if not handed_over:
        raise Failed(f"{printable(wanted)} is Active already, or nobody is")
    for node in handed_over:
        ask_node(request.run_dir, node, "switchover", **arguments)
    if not _is_active(ask_node(request.run_dir, wanted, "status"), request.argument):
        raise Failed(f"{', '.join(handed_over)} handed over, but not {printable(wanted)} took over")
    print(f"{printable(wanted)} is Active now")
    return 0


def _is_active(status: "Any", group: str | None) -> bool:
    groups = [each for each in status["groups"] if group in (None, each["name"])]
    return any(each["state"] == "active" for each in groups)
