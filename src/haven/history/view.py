# SPDX-License-Identifier: GPL-2.0-or-later
"""The past of a pair as one document: who was in which state when, outages, drills, how well it has done."""

from haven.contract.history_words import BEGUN, DRILL, MONTH, OUT, ROLE
from haven.history.availability import availability, known_spans, union

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from haven.contract.history_words import Entry

    Document = dict[str, Any]


def view(answers: "list[Document]", now: float, since: float) -> "Document":
    """Return what routers have answered since a time; of each its clock was brought to ours (`on_our_clock`).

    A drill that two routers remember is one.
    """
    histories = [each["entries"] for each in answers]
    outages = [
        {**entry, "node": each["node"]}
        for each in answers
        for entry in each["entries"]
        if entry["kind"] == OUT and entry["at"] > since
    ]
    return {
        "at": now,
        "since": since,
        "nodes": [_lane(each, now, since) for each in answers],
        "outages": sorted(outages, key=lambda each: each["at"]),
        "drills": _drills(histories, since),
        "availability": availability(histories, now),
    }


def on_our_clock(answer: "Document", ahead: float) -> "Document":
    """Return an answer of a router whose clock is so many seconds ahead of ours."""
    entries = [{**each, "at": each["at"] - ahead} for each in answer["entries"]]
    for each in entries:
        if each["kind"] == BEGUN and each["last"] is not None:
            each["last"] -= ahead
    return {**answer, "at": answer["at"] - ahead, "entries": entries}


def _drills(histories: "list[list[Entry]]", since: float) -> "list[Entry]":
    found = {
        (round(entry["at"]), entry["drill"]): entry
        for entries in histories
        for entry in entries
        if entry["kind"] == DRILL and entry["at"] > since
    }
    return [found[key] for key in sorted(found)]


def _lane(answer: "Document", now: float, since: float) -> "Document":
    """Return one router's states, and when it ran as far as is known."""
    entries = [each for each in answer["entries"] if each["kind"] != MONTH]
    spans = union([(max(begun, since), end) for begun, end in known_spans(entries, now) if end > since])
    names = sorted({each["group"] for each in entries if each["kind"] == ROLE})
    groups = {name: _states(entries, name, now, since) for name in names}
    return {
        "node": answer["node"],
        "known": [list(each) for each in spans],
        "groups": groups,
        "damage": answer["damage"],
    }


def _states(entries: "list[Entry]", group: str, now: float, since: float) -> "list[Document]":
    found: list[Document] = []
    state, reason, begun = "", "", 0.0

    def end(at: float) -> None:
        if state and at > since:
            found.append({"from": max(begun, since), "to": at, "state": state, "reason": reason})

    for entry in entries:
        if entry["kind"] == BEGUN and entry["last"] is not None:
            # Between its last sign and its start it was off.
            end(max(begun, min(entry["last"], entry["at"])))
            state = ""
        elif entry["kind"] == ROLE and entry["group"] == group:
            end(entry["at"])
            state, reason, begun = entry["state"], entry["reason"], entry["at"]
    end(now)
    return found
