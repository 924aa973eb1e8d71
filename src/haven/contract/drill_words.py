# SPDX-License-Identifier: GPL-2.0-or-later
"""A drill: what the routers are asked for it, what it finds out, and why it is not made."""

from haven.contract.fields import Field, flag, list_of, mapping, number, one_of, text, whole
from haven.contract.message import render

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SWITCHOVER, HARD = "switchover", "hard"
KINDS = (SWITCHOVER, HARD)

# For a drill with all that belongs to it; what holds the routers is over by itself then.
LIMIT_S, LONGEST_LIMIT_S = 90, 300
# How long the Active plays dead at the most, unless its intervals are longer.
SILENT_MS = 10_000

# One way of a drill: who gave, who took, and what became of it.
LEG = (
    Field("from", text),
    Field("to", text),
    # Without an Active, as the router saw it that gave; null where nobody took over.
    Field("outage_ms", number, nullable=True),
    # The same as a client saw it, where one volunteered.
    Field("client_ms", number, optional=True),
)

RESULT = (
    Field("at", number),
    Field("drill", one_of(KINDS)),
    Field("groups", list_of(text)),
    Field("ok", flag),
    # A code of OUTCOMES and its facts.
    Field("code", text),
    Field("facts", mapping),
    Field("legs", list_of(mapping)),
    # Connections known at the taker before, and at it after; null where they are not copied.
    Field("before", whole(), nullable=True),
    Field("after", whole(), nullable=True),
    # What did not follow: messages of MISSING.
    Field("missing", list_of(mapping)),
)

# What an agent is asked, as a REMOTE request.
REQUESTS = {
    # From now on this drill and no other, until its end or for so long. With `back` the groups are handed
    # over when the time is over before the end has come.
    "drill-hold": (
        Field("token", text),
        Field("owner", text),
        Field("groups", list_of(text)),
        Field("back", flag),
        Field("limit_s", whole(1, LONGEST_LIMIT_S)),
    ),
    # It has ended, and with a result it is noted.
    "drill-end": (Field("token", text), Field("result", mapping, optional=True)),
}

REFUSALS = {
    "drill-busy": "a drill is under way already, from {owner}",
    "drill-unheld": "this drill is over already",
    "drill-unwritten": "that a drill is under way cannot be noted: {error}",
}

# Why no drill is made, or what became of it.
OUTCOMES = {
    "done": "well",
    "not-paired": "this router is paired with no other: 'haven pair' and 'haven join' do that",
    "no-agent": "haven-agent on this router does not answer",
    "elsewhere": "{node} is Active for {groups}: say 'haven drill' there",
    "nobody-active": "no router is Active for {groups}",
    "no-group": "there is no group {groups}",
    "peer-away": "{node} is not reached: {error}",
    "peer-older": "the haven on {node} knows of no drills: upgrade it first",
    "busy": "{error}",
    "not-well": "the pair is not well: {node}: {missing}",
    "no-nft": "a power cut cannot be rehearsed here: {error}",
    "refused": "{node} refuses: {error}",
    "not-taken": "nobody took over within {seconds} s; {node} is Active as before",
    "lost-peer": "{node} was lost in the middle of it: {error}",
    "not-back": "{node} did not take over again: {error}",
    "missing": "{missing}",
    "interrupted": "interrupted",
}

# What does not follow a takeover, or not in time.
MISSING = {
    "connections": "of {before} connections {node} has {after}",
    "service": "service {service} does not run on {node}",
    "leases": "{node} has {after} of {before} leases",
    "wan": "the WAN {wan} is not up on {node}",
    "problem": "{node}: {problem}",
}


class DrillRefused(Exception):
    """An agent does not take part: a code of REFUSALS and its facts."""

    def __init__(self, code: str, **facts: "Any") -> None:
        super().__init__(render(REFUSALS[code], facts, {}))
        self.code = code
        self.facts = facts


class DrillFailed(Exception):
    """A drill is not made, or failed: a code of OUTCOMES and its facts."""

    def __init__(self, code: str, **facts: "Any") -> None:
        super().__init__(render(OUTCOMES[code], facts, {}))
        self.code = code
        self.facts = facts
