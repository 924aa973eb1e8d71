# SPDX-License-Identifier: GPL-2.0-or-later
"""What came of a drill, for the history and the events."""

from typing import Any

from haven.agent.part import Surroundings
from haven.contract.control import ANSWER_PATIENCE_S, encode_request
from haven.contract.drill_words import HARD, LEG, RESULT, SWITCHOVER
from haven.contract.fields import DocumentError, check_object, check_objects
from haven.contract.history_words import DRILL
from haven.contract.message import ODD_FACTS
from haven.contract.problems import problem


def note_result(around: Surroundings, result: dict[str, Any]) -> None:
    """Let the history and the events have what came of a drill; what is no result is left alone."""
    try:
        checked = check_object(result, RESULT, "the result")
        check_objects(checked["legs"], LEG, "legs")
        outcome = {"code": checked["code"], "facts": checked["facts"]}
        # Whoever shows it later makes words of it; another router has made it.
        problem("drill-failed", "drill", outcome=outcome)
    except (DocumentError, *ODD_FACTS):
        return
    around.carrier.remember(DRILL, {field.key: checked[field.key] for field in RESULT})
    kind = checked["drill"] if checked["drill"] == HARD else SWITCHOVER
    if checked["ok"] and checked["legs"]:
        leg = checked["legs"][0]
        note_event(around, "drill-done", drill=kind, took=leg["to"], outage_ms=leg["outage_ms"])
    else:
        note_event(around, "drill-failed", drill=kind, outcome=outcome)


def note_event(around: Surroundings, code: str, **facts: Any) -> None:
    """Add an event to those of havend."""
    line = encode_request("note", {"code": code, "facts": facts})
    around.scope.ask_havend(line, lambda _outcome: None, ANSWER_PATIENCE_S)
