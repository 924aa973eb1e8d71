# SPDX-License-Identifier: GPL-2.0-or-later
"""What has happened on a node: the events that havend keeps and tells, and the reasons of transitions.

An event is {"seq", "at", "kind", "code", "group", "virtual_router", "facts", "text"}; a transition has
"from", "to" and "reason", the reason's code, besides. Programs go by kind, code and facts; `text` is the
same in English. Of a kind there may be several codes.
"""

from haven.contract.faults import FAULTS
from haven.contract.fields import Field, check_object, mapping, number, text, whole
from haven.contract.message import render
from haven.contract.steps import STEPS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The first release told neither code nor facts.
EVENT = (
    Field("seq", whole()),
    Field("at", number),
    Field("kind", text),
    Field("code", text, optional=True),
    Field("group", text, nullable=True),
    Field("virtual_router", text, nullable=True),
    Field("facts", mapping, optional=True),
    Field("text", text),
)

# What a transition has besides.
CHANGE = (Field("from", text), Field("to", text), Field("reason", text))

# (code, kind, text)
OWN_TABLE = (
    ("started", "start", "{node}: started; virtual routers: {count}"),
    ("reloaded", "reload", "{node}: reloaded; virtual routers: {count}"),
    ("disabled", "reload", "haven is disabled now (option enabled '0')"),
    ("stopping", "stop", "{node}: stopping"),
    ("stopped", "stop", "{node}: stopped"),
    ("transition", "transition", "{group}: {from} -> {to}: {reason}"),
    ("nobody-took-over", "handover", "{group}: no other router took over; staying Active"),
    (
        "sync-wait",
        "wait",
        "{group}: waits for the connections before it takes over, at most {left_s} more",
    ),
    (
        "sync-wait-over",
        "wait",
        "{group}: waits no longer for the connections, which have not all come",
    ),
    (
        "held-back",
        "wait",
        "{group}: no Active is heard; not taking over, alone on the link of {virtual_router}",
    ),
    ("witness-heard", "witness", "the witness {witness} answers on {device}"),
    ("witness-lost", "witness", "the witness {witness} does not answer on {device} any more"),
    ("fault", "fault", "{group}: {faults}"),
    # At a start or a reload: it may have been so for long, and the kernel does not say since when.
    ("fault-found", "fault", "{group}: as found: {faults}"),
    ("recovered", "recovered", "{group}: no fault any more"),
    ("priority-lowered", "priority", "{group}: priority lowered by {penalty}"),
    ("priority-maintenance", "priority", "{group}: in maintenance, priority 1"),
    ("priority-configured", "priority", "{group}: priority as configured"),
    ("check-down", "check", "{check} ({target}) fails: {error}"),
    ("check-up", "check", "{check} ({target}) is well again"),
    ("addresses-restored", "address", "{virtual_router}: addresses were gone from {device}; put back"),
    ("maintenance-on", "maintenance", "maintenance on"),
    ("maintenance-off", "maintenance", "maintenance off"),
    (
        "heartbeat-false",
        "heartbeat",
        "{peer} on {device} was taken for dead and lives: {patience_us} of silence are borne from now on",
    ),
    ("problem", "problem", "{problem}"),
    ("refused", "refused", "refused: {diagnostic}"),
    ("repeated", "repeated", "{about}: {count} more of the kind '{code}' are left out here"),
)

# Why a group went from one state to another, by the engine's reasons.
REASONS = {
    "startup": "started",
    "recovered": "the fault is over",
    "owner": "started as the owner of the addresses",
    "adopted": "havend restarted in time, the addresses were still in place",
    "silence": "the Active {peer} was silent for {silence_us}",
    "unanswered": "the kernel of the Active {peer} answered no more for {silence_us}",
    "session": "the BFD session with the Active {peer} has failed, silent for {silence_us}",
    "nobody": "no Active was heard",
    "resigned": "the Active {peer} resigned",
    "preempt": "the Active {peer} has the lower priority {priority}",
    "higher": "{peer} ranks higher with priority {priority}",
    "stalled": "this node was late and {peer} has taken over meanwhile",
    "handed_over": "handed over to {peer}",
    "alone": "this node is alone on the link of {virtual_router}",
    "fault": "{faults}",
    "stop": "stopped",
    "rehearsal": "a drill: silent as after a power cut",
    # Of the agent's: what had happened while havend was away.
    "restart": "havend was away",
}

_ROWS = {row[0]: row for row in OWN_TABLE}
_INNER: "dict[str, Any]" = {"reason": REASONS, "faults": FAULTS, "step": STEPS, "command": STEPS}


def check_event(document: "Any") -> "dict[str, Any]":
    """Return a document that is an event, of this release or of another. Raises DocumentError."""
    found = check_object(document, EVENT, "the event")
    return check_object(found, CHANGE, "the event") if found["kind"] == "transition" else found


def kind_of(code: str) -> str:
    """Return the kind that an event's code belongs to."""
    return str(_row(code)[0][1])


def event_text(code: str, facts: "dict[str, Any]") -> str:
    """Return an event in English. Raises KeyError for a code or a fact that is missing."""
    row, inner = _row(code)
    # A failure need not have said anything.
    return render(row[2], facts, inner).strip()


def _row(code: str) -> "tuple[tuple[str, ...], dict[str, Any]]":
    if code in _ROWS:
        return _ROWS[code], _INNER
    # A havend without an agent does without them.
    from haven.contract import other_events

    return other_events.ROWS[code], other_events.INNER


def reason_text(code: str, facts: "dict[str, Any]") -> str:
    """Return the reason of a transition in English. Raises KeyError as event_text() does."""
    return render(REASONS[code], facts, _INNER)
