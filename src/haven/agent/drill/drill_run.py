# SPDX-License-Identifier: GPL-2.0-or-later
"""A drill that the agent begins, as it is time or a page asks for it: the command makes it, as a child."""

import sys
import time
from collections.abc import Callable
from typing import Any

from haven.agent.calls import CallFailure, ChildEnd
from haven.agent.command_answer import complaint_of, document_of
from haven.agent.drill.drill_notes import note_result
from haven.agent.part import Surroundings
from haven.contract.drill_words import HARD, LIMIT_S, SWITCHOVER
from haven.own_program import argv_of

# The command ends by itself before.
PATIENCE_S = LIMIT_S + 60.0


def run_drill(
    around: Surroundings, kind: str, back: bool, busy: Any = None, over: Callable[[], None] = lambda: None
) -> None:
    """Begin a drill here; `busy` is called when another one is under way, `over` at the end of any."""
    argv = argv_of("haven", "--config", around.config, "--run-dir", around.run_dir, "--root", around.root)
    argv += ["drill", "--hard" if kind == HARD else "--switchover", "--json"] + (["--back"] if back else [])

    def ended(outcome: ChildEnd | CallFailure) -> None:
        over()
        document = None if isinstance(outcome, CallFailure) else document_of(outcome)
        code = (document or {}).get("code")
        if code == "busy" and busy is not None:
            busy()
        elif document is None or not document.get("noted"):
            _note(around, kind, outcome, document)

    around.scope.run(argv, ended, PATIENCE_S)


def _note(
    around: Surroundings, kind: str, outcome: ChildEnd | CallFailure, document: dict[str, Any] | None
) -> None:
    """Note one that was not made: nobody has read what the command said of it."""
    if document is None or "facts" not in document:
        words = str(outcome) if isinstance(outcome, CallFailure) else complaint_of(outcome)
        print(f"haven-agent: drill: {words}", file=sys.stderr, flush=True)
        document = {"code": "interrupted", "facts": {}}
    empty: dict[str, Any] = {"groups": [], "legs": [], "before": None, "after": None, "missing": []}
    about = {"at": round(time.time(), 3), "drill": kind if kind == HARD else SWITCHOVER, "ok": False}
    note_result(around, {**empty, **about, "code": document["code"], "facts": document["facts"]})
