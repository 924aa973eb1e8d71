# SPDX-License-Identifier: GPL-2.0-or-later
"""What came of a drill, for the history and the events."""

from typing import Any

from haven.agent.part import Surroundings
from haven.contract.control import ANSWER_PATIENCE_S, encode_request
from haven.contract.drill_words import HARD, RESULT, SWITCHOVER
from haven.contract.fields import DocumentError, check_object
from haven.contract.history_words import DRILL
from haven.contract.message import message


def note_result(around: Surroundings, result: dict[str, Any]) -> None:
    """Let the history and the events have what came of a drill; what is no result is left alone."""
    try:
        checked = check_object(result, RESULT, "the result")
    except DocumentError:
        return
    around.carrier.remember(DRILL, {field.key: checked[field.key] for field in RESULT})
    kind = checked["drill"] if checked["drill"] == HARD else SWITCHOVER
    if checked["ok"] and checked["legs"]:
        leg = checked["legs"][0]
        note_event(around, "drill-done", drill=kind, took=leg["to"], outage_ms=leg["outage_ms"])
    else:
        note_event(around, "drill-failed", drill=kind, outcome=message(checked["code"], **checked["facts"]))


def note_event(around: Surroundings, code: str, **facts: Any) -> None:
    """Add an event to those of havend."""
    line = encode_request("note", {"code": code, "facts": facts})
    around.scope.ask_havend(line, lambda _outcome: None, ANSWER_PATIENCE_S)
