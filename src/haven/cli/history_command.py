# SPDX-License-Identifier: GPL-2.0-or-later
"""`haven history`: how well the pair has done, and a timeline of who was Active when."""

import sys
import time

from haven.arguments import UsageError
from haven.cli.agent_client import ask_node, other_nodes
from haven.cli.errors import Unanswered
from haven.cli.history_text import render
from haven.cli.own_words import print_json, status_of, wants_colour
from haven.cli.text import printable
from haven.cli.usage import Request
from haven.contract.control import Refusal
from haven.contract.fields import DocumentError, check_object
from haven.contract.history_words import ANSWER, NEWER, check_entry
from haven.contract.message import ODD_FACTS
from haven.history.availability import DAY_S
from haven.history.view import on_our_clock, view
from haven.light import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST_DAYS, SHORTEST_S = 400, 3600.0


def history(request: Request) -> int:
    """Print what all paired routers remember, or the one that is named; 1 without one of them."""
    span_s = _days(request) * DAY_S
    own = status_of(request, "")
    statuses = {own["node"]: own}
    named = request.values["--node"]
    answers, missing = [], 0
    for node in [named] if named else [own["node"], *_others(request)]:
        try:
            answers.append(_past_of(request, node))
            if node not in statuses:
                statuses[node] = status_of(request, node)
        except Unanswered as why:
            if node == named or node == own["node"]:
                raise
            missing = 1
            print(f"{printable(node)}: {why}", file=sys.stderr)
    now = time.time()
    # A timeline of a pair that is young has its time alone, unless it is asked for more.
    since = now - span_s if request.values["--days"] else _known_since(answers, now - span_s, now)
    document = printable(view(answers, now, since))
    document["links"] = {each: statuses[each].get("links") or [] for each in statuses}
    if request.json:
        print_json(document)
    else:
        sys.stdout.write(render(document, wants_colour()))
    return missing


def _days(request: Request) -> float:
    text = request.values["--days"]
    if not text:
        return 1.0
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(MOST_DAYS))
    if not is_number or not 1 <= int(text) <= MOST_DAYS:
        raise UsageError(f"history: --days is a number from 1 to {MOST_DAYS}")
    return float(text)


def _known_since(answers: "list[dict[str, Any]]", since: float, now: float) -> float:
    """Return when what is known begins, if that is after a time; an hour is drawn at the least."""
    first = min([entry["at"] for answer in answers for entry in answer["entries"]], default=since)
    return max(since, min(first, now - SHORTEST_S))


def _others(request: Request) -> list[str]:
    try:
        return other_nodes(request.run_dir)
    except Unanswered:
        # Without its agent this router has no others, and its own past is not told either.
        return []


def _past_of(request: Request, node: str) -> "dict[str, Any]":
    """Return what a router remembers, by our clock. Raises Unanswered."""
    began = time.time()
    answer = ask_node(request.run_dir, node, "history")
    try:
        checked = check_object(answer, ANSWER, "the history")
    except DocumentError:
        raise Unanswered(Refusal("unintelligible")) from None
    ahead = checked["at"] - (began + time.time()) / 2
    found = on_our_clock({**checked, **_known(checked["entries"], checked["damage"])}, ahead)
    _check_readable(found, began)
    return found


def _known(entries: "list[Any]", damage: "dict[str, Any]") -> "dict[str, Any]":
    """Return what this haven knows of entries, and add to the damage what a newer one has made."""
    found = []
    for each in entries:
        with suppress(DocumentError):
            found.append(check_entry(each))
    more = {NEWER: damage.get(NEWER, 0) + len(entries) - len(found)} if len(found) < len(entries) else {}
    return {"entries": found, "damage": {**damage, **more}}


def _check_readable(answer: "dict[str, Any]", now: float) -> None:
    """Raise Unanswered where nothing can be made of a router's past, which is not to hide the others'."""
    try:
        render(view([answer], now, 0.0), False)
    except (*ODD_FACTS, OSError):
        raise Unanswered(Refusal("unintelligible")) from None
