# SPDX-License-Identifier: GPL-2.0-or-later
"""What `haven doctor` says: a report of checks and findings, and the look that each router takes for it."""

from haven.contract.doctor_checks import CHECKS, FINDINGS, UNABLE
from haven.contract.doctor_rows import ADVICE
from haven.contract.fields import (
    Field,
    any_text,
    check_object,
    check_objects,
    flag,
    list_of,
    mapping,
    number,
    one_of,
    text,
)
from haven.contract.message import render
from haven.contract.severities import SEVERITIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Document = dict[str, Any]

VERSION = 1
# All of it; whatever takes longer was not looked at.
LIMIT_S = 20.0
# How long a router listens on its links; and how long the one that asks waits for another's look.
LISTEN_S = 5.0
PATIENCE_S = 15.0

# What one router has found out about itself: each part its facts, or why there are none.
LOOK = (
    Field("version", one_of((VERSION,))),
    Field("node", text),
    Field("haven", text),
    Field("at", number),
    Field("parts", mapping),
)

WELL, FOUND, UNABLE_STATE = "well", "found", "unable"
REPORT = (
    Field("version", one_of((VERSION,))),
    Field("node", text),
    Field("at", number),
    Field("took_s", number),
    # Nothing was found that is wrong; advice is no fault.
    Field("well", flag),
    Field("routers", list_of(mapping)),
    Field("checks", list_of(mapping)),
)
# A router that has to do with it; `why` it was not asked.
ROUTER = (Field("node", text), Field("asked", flag), Field("why", any_text))
CHECK = (
    Field("name", text),
    Field("state", one_of((WELL, FOUND, UNABLE_STATE))),
    Field("looked_at", text),
    # In one sentence, where nothing was found.
    Field("well", any_text),
    Field("findings", list_of(mapping)),
    Field("unable", list_of(mapping)),
)
FINDING = (
    Field("code", text),
    Field("severity", one_of(SEVERITIES + (ADVICE,))),
    Field("facts", mapping),
    Field("found", text),
    Field("means", text),
    Field("do", text),
)
NOT_MADE = (Field("code", text), Field("facts", mapping), Field("text", text))

# What a run tells while it goes on, in the run directory: what it does now, then the report.
STEPS = {
    "looking": "Looking here, and asking {nodes}",
    "alone": "Looking here alone",
    "listening": "Listening on the links: {left_s} left",
    "waiting": "Waiting for {nodes}",
    "judging": "Comparing",
}


def finding(code: str, **facts: "Any") -> "Document":
    """Return something that is wrong. Raises KeyError for a code or a fact that is missing."""
    row = FINDINGS[code][1]
    found: Document = {key: render(getattr(row, key), facts, {}) for key in ("found", "means", "do")}
    found.update({"code": code, "severity": facts.pop("severity", row.severity), "facts": facts})
    return found


def unable(code: str, **facts: "Any") -> "Document":
    """Return why something was not looked at. Raises KeyError for a code or a fact that is missing."""
    return {"code": code, "facts": facts, "text": render(UNABLE[code], facts, {})}


def is_wrong(found: "Document") -> bool:
    """Tell whether a finding is more than advice."""
    return bool(found["severity"] != ADVICE)


def check_of(name: str) -> "Any":
    """Return a row of the table by its name."""
    return next(check for check in CHECKS if check.name == name)


def check_look(document: "Any") -> "Document":
    """Return a document that is a router's look. Raises DocumentError."""
    return check_object(document, LOOK, "the look")


def check_report(document: "Any") -> "Document":
    """Return a document that is a report. Raises DocumentError."""
    report = check_object(document, REPORT, "the report")
    check_objects(report["routers"], ROUTER, "routers")
    check_objects(report["checks"], CHECK, "checks")
    for check in report["checks"]:
        check_objects(check["findings"], FINDING, check["name"])
        check_objects(check["unable"], NOT_MADE, check["name"])
    return report
