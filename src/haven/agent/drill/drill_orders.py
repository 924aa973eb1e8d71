# SPDX-License-Identifier: GPL-2.0-or-later
"""What this router is asked for a drill, by a paired router or by the command on it; and for its past."""

import time
from typing import Any

from haven.agent.drill.drill_notes import note_event, note_result
from haven.agent.drill.drill_run import run_drill
from haven.agent.part import Surroundings
from haven.agent.waiting_line import WaitingLine
from haven.contract.control import check_request, done, refused
from haven.contract.drill_words import REQUESTS, DrillRefused
from haven.contract.history_words import VERSION
from haven.drill.hold import end_hold, read_hold, take_hold
from haven.history.history_file import HistoryFile
from haven.history.pending import read_pending
from haven.paths import HISTORY, PENDING_HISTORY, inside


def answer(request: dict[str, Any], around: Surroundings, runs: WaitingLine) -> dict[str, Any]:
    """Return the answer to a request of contract/drill_words.py; `runs` has the drills. Raises Refusal."""
    asked = check_request(request, REQUESTS)
    command = asked["command"]
    try:
        if command == "history":
            return done(past(around))
        if command == "drill-hold":
            _hold(around, asked)
            around.report()
        elif command == "drill-end":
            _end(around, asked)
            around.report()
        else:
            _run(around, asked, runs)
    except DrillRefused as why:
        return refused(why)
    return done({})


def past(around: Surroundings) -> dict[str, Any]:
    """Return what this router remembers."""
    now = time.time()
    about = {"version": VERSION, "node": around.node or "?", "at": now}
    try:
        file = HistoryFile(around.root.rstrip("/") + HISTORY)
        found = file.read(now, read_pending(inside(around.run_dir, PENDING_HISTORY)))
    except OSError as why:
        return {**about, "entries": [], "damage": {"unread": str(why.strerror or why)}}
    return {**about, "entries": found.entries, "damage": found.damage}


def _hold(around: Surroundings, asked: dict[str, Any]) -> None:
    is_new = read_hold(around.run_dir) is None
    take_hold(around.run_dir, asked)
    if is_new:
        note_event(around, "drill-begun", owner=asked["owner"])


def _end(around: Surroundings, asked: dict[str, Any]) -> None:
    end_hold(around.run_dir, asked["token"])
    if "result" in asked:
        note_result(around, asked["result"])


def _run(around: Surroundings, asked: dict[str, Any], runs: WaitingLine) -> None:
    found = read_hold(around.run_dir)
    if found is not None:
        raise DrillRefused("drill-busy", owner=found["owner"])

    def start() -> None:
        run_drill(around, asked["drill"], asked.get("back") is True, over=runs.over)

    # Until the command holds this router it is not seen that one is under way.
    runs.take(start)
