# SPDX-License-Identifier: GPL-2.0-or-later
"""What has happened on a node: the events that havend keeps and tells, and the reasons of transitions.

An event is {"seq", "at", "kind", "code", "group", "virtual_router", "facts", "text"}; a transition has
"from", "to" and "reason", the reason's code, besides. Programs go by kind, code and facts; `text` is the
same in English. Of a kind there may be several codes.
"""

from haven.contract.drill_outcomes import MISSING, OUTCOMES
from haven.contract.faults import FAULTS
from haven.contract.fields import Field, check_object, mapping, number, text, whole
from haven.contract.message import render
from haven.contract.services import FAILURES
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
TABLE = (
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
    (
        "address-moves",
        "address",
        "{virtual_router}: {peer} speaks VRRP on {device} from two MAC addresses, {mac} and {other_mac}",
    ),
    ("maintenance-on", "maintenance", "maintenance on"),
    ("maintenance-off", "maintenance", "maintenance off"),
    (
        "heartbeat-false",
        "heartbeat",
        "{peer} on {device} was taken for dead and lives: {patience_us} of silence are borne from now on",
    ),
    ("bfd-up", "bfd", "BFD session {session} with {peer} is up"),
    ("bfd-silence", "bfd", "BFD session {session}: nothing was heard of {peer} for {silence_us}"),
    ("bfd-told", "bfd", "BFD session {session}: {peer} says that the path is down"),
    ("bfd-unheard", "bfd", "BFD session {session}: {peer} hears nothing of this node"),
    ("bfd-restarted", "bfd", "BFD session {session}: {peer} has begun anew"),
    ("bfd-peer-disabled", "bfd", "BFD session {session}: {peer} has taken it down on purpose"),
    ("bfd-disabled", "bfd", "BFD session {session} with {peer} is taken down on purpose"),
    (
        "bfd-false",
        "bfd",
        "BFD session {session}: {peer} lives after all; its failures do not count for the next {rest_us}",
    ),
    ("wan-up", "wan", "{wan}: {interface} is up"),
    ("wan-down", "wan", "{wan}: {interface} is down"),
    ("wan-dials", "wan", "{wan}: {interface} is dialled"),
    ("wan-session-ended", "wan", "{wan}: ended session {session}, which another router had left"),
    ("wireguard-up", "wireguard", "{tunnel}: {interface} is up"),
    ("wireguard-down", "wireguard", "{tunnel}: {interface} is down"),
    ("wireguard-called", "wireguard", "{tunnel}: {count} peers were called where they were last"),
    ("service-started", "service", "service {service} runs"),
    ("service-stopped", "service", "service {service} has stopped"),
    ("service-reloaded", "service", "service {service} was told of its role"),
    ("service-found", "service", "service {service} was started by somebody else; it is stopped again"),
    ("service-failed", "failure", "service {service}: {failure}. {words}"),
    (
        "service-handover",
        "failure",
        "{group}: is handed over, as service {service} does not run here",
    ),
    ("drill-begun", "drill", "a drill begins, from {owner}"),
    ("drill-done", "drill", "{drill} drill: {took} has taken over; outage {outage_ms} ms"),
    ("drill-failed", "drill", "{drill} drill: {outcome}"),
    ("problem", "problem", "{problem}"),
    ("refused", "refused", "refused: {diagnostic}"),
    ("repeated", "repeated", "{about}: {count} more of the kind '{code}' are left out here"),
)

# What the agent may add.
_KINDS_NOTED = ("address", "service", "wan", "wireguard", "drill")
NOTED = tuple([row[0] for row in TABLE if row[0].split("-")[0] in _KINDS_NOTED])

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

_ROWS = {row[0]: row for row in TABLE}
_INNER = {
    "reason": REASONS,
    "faults": FAULTS,
    "step": STEPS,
    "command": STEPS,
    "failure": FAILURES,
    "outcome": OUTCOMES,
    "missing": MISSING,
}


def check_event(document: "Any") -> "dict[str, Any]":
    """Return a document that is an event, of this release or of another. Raises DocumentError."""
    found = check_object(document, EVENT, "the event")
    return check_object(found, CHANGE, "the event") if found["kind"] == "transition" else found


def kind_of(code: str) -> str:
    """Return the kind that an event's code belongs to."""
    return _ROWS[code][1]


def event_text(code: str, facts: "dict[str, Any]") -> str:
    """Return an event in English. Raises KeyError for a code or a fact that is missing."""
    # A failure need not have said anything.
    return render(_ROWS[code][2], facts, _INNER).strip()


def reason_text(code: str, facts: "dict[str, Any]") -> str:
    """Return the reason of a transition in English. Raises KeyError as event_text() does."""
    return render(REASONS[code], facts, _INNER)
