# SPDX-License-Identifier: GPL-2.0-or-later
"""A drill: what the routers are asked for it, what it finds out, and why it is not made."""

from haven.contract.drill_outcomes import OUTCOMES
from haven.contract.fields import Field, flag, list_of, mapping, moment, number, one_of, text, whole
from haven.contract.message import render

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SWITCHOVER, HARD = "switchover", "hard"
KINDS = (SWITCHOVER, HARD)

# For a drill with all that belongs to it. The routers are held for less, again and again: so long after who
# makes it has died, they let go.
LIMIT_S = 90
HOLD_S, LONGEST_HOLD_S = 25, 120
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
    Field("at", moment),
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
    # From now on this drill and no other, until its end or for so long from when it was last said. With
    # `back` the groups are handed over when the time is over before the end has come.
    "drill-hold": (
        Field("token", text),
        Field("owner", text),
        Field("groups", list_of(text)),
        Field("back", flag),
        Field("limit_s", whole(1, LONGEST_HOLD_S)),
        # Which kind is noted where it never ends; a maker of an earlier release does not say.
        Field("drill", one_of(KINDS), optional=True),
    ),
    # It has ended, and with a result it is noted.
    "drill-end": (Field("token", text), Field("result", mapping, optional=True)),
    # Make one here, now, with the way back; its result is told by the status.
    "drill-run": (Field("drill", one_of(KINDS)), Field("back", flag, optional=True)),
    # What this router remembers.
    "history": (),
}

REFUSALS = {
    "drill-busy": "a drill is under way already, from {owner}",
    "drill-unheld": "this drill is over already",
    "drill-unwritten": "that a drill is under way cannot be noted: {error}",
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
