# SPDX-License-Identifier: GPL-2.0-or-later
"""havend's control socket: what can be asked, how it is answered, how long anybody waits.

One line of JSON in: {"command": NAME, ...}. One out: {"ok": true, "result": ...}, or {"ok": false, "error":
TEXT, "code": CODE, "facts": {...}} for a refusal. Who follows events gets {"event": {...}} besides, and the
agent {"prepare": true} when it has something to finish before a handover, with "ending": true before havend
ends.
"""

from haven.contract.fields import (
    DocumentError,
    Field,
    address,
    check_object,
    flag,
    list_of,
    mapping,
    octets,
    one_of,
    text,
    whole,
)
from haven.contract.message import ODD_FACTS, render
from haven.contract.strict_json import read_json, write_json
from haven.core.vrrp.constants import FAMILIES, HIGHEST_VRID, LOWEST_VRID

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Document = dict[str, Any]
    Requests = dict[str, tuple[Field, ...]]

# Between havend and the agent. 1: no number is told. 2: what one part reports is a key of its own, problems
# and events carry codes and facts.
PROTOCOL = 2
OLDEST_PROTOCOL = 1

# The answer from memory comes at once; after so long nobody is there.
ANSWER_PATIENCE_S = 5.0
# An answer at the end of a handover (the longest Skew_Time is 41 s), or from a compiler on a slow router.
HANDOVER_PATIENCE_S = 60.0
# The agent reports every second, and is missed after five.
REPORT_EVERY_S = 1.0
REPORT_SILENCE_S = 5.0
# What the agent has to finish before a handover has this long.
PREPARE_LIMIT_S = 2.0

# For how long an Active plays dead at the least and at the most.
SHORTEST_REHEARSAL_MS, LONGEST_REHEARSAL_MS = 100, 60_000

LONGEST_REQUEST = 1 << 20
# More than any answer: a plan for 250 virtual routers has half a megabyte.
LONGEST_ANSWER = 8 << 20
MOST_CLIENTS = 32
# More than a reload that failed could have to say.
MOST_DIAGNOSTICS = 100

_TEXT_OR_DIAGNOSTIC = list_of(lambda value: "" if isinstance(value, (str, dict)) else "a diagnostic")


def _noted(value: "Any") -> str:
    # A havend without an agent does without them, and refuses the request for that.
    try:
        from haven.contract.other_events import NOTED
    except ImportError:
        return text(value)
    return one_of(NOTED)(value)


REQUESTS = {
    "status": (),
    "events": (Field("follow", flag, optional=True),),
    "load": (Field("path", text),),
    "refuse": (Field("problems", _TEXT_OR_DIAGNOSTIC),),
    "stop": (),
    "switchover": (Field("group", text, optional=True),),
    "maintenance": (Field("on", flag),),
    # A drill: fall silent without a word, and take the addresses back when nobody has for so long.
    "rehearse": (
        Field("group", text, optional=True),
        Field("limit_ms", whole(SHORTEST_REHEARSAL_MS, LONGEST_REHEARSAL_MS)),
    ),
    # The agent's: it presents itself, reports, has finished what was pending.
    "agent": (Field("protocol", whole(1), optional=True), Field("version", text, optional=True)),
    "report": (Field("in_sync", flag), Field("problems", list_of(mapping))),
    "prepared": (),
    # Something for the events, by a code that the agent may add.
    "note": (Field("code", _noted), Field("facts", mapping)),
    # What a part of the agent has a group take besides: steps that havend carries out when it takes over,
    # without waiting for anybody. Each request says all that there is.
    "lend": (Field("loans", list_of(mapping)),),
    # Between routers, by the agents: whether this one is Active for these, what another says of itself, and
    # to ask the others about all groups that are Active here.
    "vouch": (Field("members", list_of(mapping)),),
    "vouched": (Field("adverts", list_of(mapping)),),
    "compare": (),
}

# A virtual router by what it is on the wire, whatever it is called and wherever it is; and what its Active
# says of it.
MEMBER = (
    Field("family", one_of(FAMILIES)),
    Field("vrid", whole(LOWEST_VRID, HIGHEST_VRID)),
    Field("addresses", list_of(address)),
)
ADVERT = MEMBER + (
    Field("source", address),
    Field("to", address),
    Field("message", octets),
    # Of an Active whose link takes no packets.
    Field("mute", flag, optional=True),
)

REFUSALS = {
    "not-a-request": "a request is one line of JSON with a command",
    "request-long": "a request has at most {most} octets",
    "request-unknown": "there is no command '{command}'",
    "request-wrong": "{error}",
    "connections-many": "{most} connections are open already",
    "stopping": "havend is stopping",
    "agent-none": "this havend runs without haven-agent",
    "plan-refused": "{diagnostic}",
    "no-group": "there is no group {group}",
    "not-active": "this node is not Active: there is nothing to hand over",
    "not-active-for": "this node is not Active for {group}: there is nothing to hand over",
    "handover-underway": "a handover is under way",
    "nobody-took-over": "{groups}: no other router took over; staying Active",
    "maintenance-ended": "maintenance was ended again meanwhile",
    "maintenance-not-noted": "maintenance cannot be noted in the run directory: {error}",
    # Of the program that answers while there is no agent.
    "busy": "the router is busy with calls of this kind; try again in a few seconds",
    # Of those who ask, when no answer comes.
    "agent-not-running": "haven-agent is not running; is haven enabled and started ('haven status')?",
    "not-running": "havend is not running",
    "not-root": "needs root: only root may talk to havend",
    "unreachable": "{run_dir}: {error}",
    "silent": "havend does not answer",
    "hung-up": "havend hung up before it had answered",
    "unintelligible": "havend's answer is not understood; are all programs of haven of one version?",
}


class Refusal(Exception):
    """Why a request is not carried out, or not answered: a code of REFUSALS and its facts."""

    def __init__(self, code: str, **facts: "Any") -> None:
        super().__init__(render(REFUSALS[code], facts, {}))
        self.code = code
        self.facts = facts


class UnknownRefusal(Refusal):
    """A refusal of a havend that knows others than we do: its code, its facts and its words."""

    def __init__(self, code: str, facts: "Document", words: str) -> None:
        Exception.__init__(self, words)
        self.code = code
        self.facts = facts


def encode(document: "Document") -> bytes:
    """Return a document as the line that it is sent as."""
    return write_json(document).encode() + b"\n"


def request(command: str, **arguments: "Any") -> bytes:
    """Return the line that asks for something. Raises DocumentError for arguments of another kind."""
    return encode_request(command, arguments)


def encode_request(command: str, arguments: "Document", requests: "Requests" = REQUESTS) -> bytes:
    """Return the line that asks for something, with arguments of any names."""
    check_object(arguments, requests[command], command)
    document: Document = {"command": command}
    document.update(arguments)
    return encode(document)


def read_request(line: bytes, requests: "Requests" = REQUESTS) -> "Document":
    """Return a request, which is one of those known, with its arguments. Raises Refusal."""
    try:
        document = read_json(line.decode())
    except ValueError:
        document = None
    return check_request(document, requests)


def check_request(document: "Any", requests: "Requests" = REQUESTS) -> "Document":
    """Return a document that is a request of those known, without what is null. Raises Refusal."""
    if not isinstance(document, dict) or not isinstance(document.get("command"), str):
        raise Refusal("not-a-request")
    fields = requests.get(document["command"])
    if fields is None:
        raise Refusal("request-unknown", command=document["command"])
    try:
        check_object(document, fields, document["command"])
    except DocumentError as error:
        raise Refusal("request-wrong", error=str(error)) from None
    # Who gives null for what may be missing has said nothing.
    unsaid = [field.key for field in fields if document.get(field.key) is None]
    return {key: document[key] for key in document if key not in unsaid}


def done(result: "Any") -> "Document":
    """Return the answer to a request that was carried out."""
    return {"ok": True, "result": result}


def refused(why: "Any") -> "Document":
    """Return the answer to a request that was not: a Refusal, or another with a code and facts."""
    return {"ok": False, "error": str(why), "code": why.code, "facts": why.facts}


def read_answer(line: bytes) -> "Any":
    """Return the result in an answer. Raises Refusal: the other's own, or for not understanding it."""
    try:
        answer = read_json(line)
        if answer["ok"] is True:
            return answer["result"]
        words, code, facts = str(answer["error"]), answer.get("code"), answer.get("facts")
    except (AttributeError, ValueError, KeyError, TypeError):
        raise Refusal("unintelligible") from None
    if not isinstance(code, str) or not isinstance(facts, dict):
        raise Refusal("request-wrong", error=words)
    try:
        refusal = Refusal(code, **facts)
    except ODD_FACTS:
        refusal = UnknownRefusal(code, facts, words)
    raise refusal
