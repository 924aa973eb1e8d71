# SPDX-License-Identifier: GPL-2.0-or-later
"""Lets go of a drill whose time is over, and begins those that are due."""

import time
from typing import Any

from haven.agent.calls import CallFailure, ChildEnd
from haven.agent.drill.drill_notes import note_result
from haven.agent.drill.drill_run import run_drill
from haven.agent.drill.timetable import Timetable
from haven.agent.part import Surroundings
from haven.agent.roles import ACTIVE
from haven.contract.control import HANDOVER_PATIENCE_S, encode_request
from haven.contract.drill_words import SWITCHOVER
from haven.drill.dead_kernel import REMOVE
from haven.drill.hold import forget_hold, is_over, read_hold
from haven.light import which

NFT_S = 10.0
# Of two routers that are Active for a group each, one begins, and the other comes after it.
AGAIN_S, MOST_TIMES = 120.0, 3


class DrillKeeper:
    """Looked after once a second while there is something to look after."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._timetable = Timetable()

    def look(self) -> None:
        """Do what is due."""
        hold = read_hold(self._around.run_dir)
        if hold is not None and is_over(hold):
            self._end(hold)
        planned = self._around.plan.get("drill")
        is_active = ACTIVE in self._around.roles.states.values()
        if planned and self._timetable.is_due(planned["when"], time.time()) and is_active:
            self._begin(planned, MOST_TIMES)

    def _begin(self, planned: dict[str, Any], times: int) -> None:
        def busy() -> None:
            if times > 1:
                self._around.scope.after(AGAIN_S, lambda: self._begin(planned, times - 1))

        run_drill(self._around, planned["kind"], True, busy)

    def _end(self, hold: dict[str, Any]) -> None:
        """Let go of a drill that nobody has ended: who made it has died, or is not reached."""
        forget_hold(self._around.run_dir)
        if which("nft"):
            argv = ["nft", "-f", "-"]
            self._around.scope.run(argv, self._ended, NFT_S, REMOVE)
        if hold["back"]:
            for group in hold["groups"]:
                if self._around.roles.states.get(group) == ACTIVE:
                    line = encode_request("switchover", {"group": group})
                    self._around.scope.ask_havend(line, lambda _outcome: None, HANDOVER_PATIENCE_S)
        empty: dict[str, Any] = {"legs": [], "before": None, "after": None, "missing": []}
        kind = hold.get("drill") or SWITCHOVER
        about = {"at": round(time.time(), 3), "drill": kind, "groups": hold["groups"], "ok": False}
        note_result(self._around, {**empty, **about, "code": "interrupted", "facts": {}})

    def _ended(self, _outcome: ChildEnd | CallFailure) -> None:
        """Take that the rules are gone, or were none."""

    def account(self, planned: dict[str, Any] | None) -> dict[str, Any]:
        """Return the drill that is under way, and when the next one is due."""
        hold = read_hold(self._around.run_dir)
        if hold is None and not planned:
            return {}
        told: dict[str, Any] = {"owner": hold["owner"] if hold is not None else None}
        if planned:
            told["when"], told["kind"] = planned["when"], planned["kind"]
        return {"drill": told}
