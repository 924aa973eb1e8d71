# SPDX-License-Identifier: GPL-2.0-or-later
"""The method `doctor`: begins a run of `haven doctor`, and tells where the last one stands."""

from typing import Any

from haven.agent.calls import CallFailure, ChildEnd
from haven.agent.command_answer import complaint_of
from haven.agent.loop import Scope
from haven.contract.control import HANDOVER_PATIENCE_S
from haven.contract.strict_json import read_json
from haven.own_program import argv_of
from haven.paths import DOCTOR_NOTE, inside
from haven.plain_file import read_plain
from haven.ubus.server import UbusCall

# Of hundreds of virtual routers with something to say about each.
LARGEST = 4 << 20
# 1 when something was found.
REPORTED = (0, 1)


class DoctorCalls:
    """One run at a time; who asks meanwhile is told of that one."""

    def __init__(self, scope: Scope, run_dir: str, config: str) -> None:
        self._scope, self._run_dir, self._config = scope, run_dir, config
        self._is_running = False
        self._failure = ""

    def called(self, call: UbusCall) -> None:
        """Answer at once; with `begin` a run begins, unless one is under way."""
        is_new = call.arguments.get("begin") is True and not self._is_running
        if is_new:
            self._begin()
        # What is in the note is of the run before.
        note = {} if is_new else self._note()
        told = {key: note.get(key) for key in ("began", "step", "words", "report")}
        call.answer({"running": self._is_running, "failure": self._failure, **told})

    def _begin(self) -> None:
        argv = argv_of("haven", "--config", self._config, "--run-dir", self._run_dir, "doctor", "--json")
        self._is_running, self._failure = True, ""
        try:
            self._scope.run(argv, self._ended, HANDOVER_PATIENCE_S)
        except OSError as why:
            self._ended(CallFailure("refused", str(why)))

    def _ended(self, outcome: ChildEnd | CallFailure) -> None:
        self._is_running = False
        if isinstance(outcome, CallFailure):
            self._failure = str(outcome)
        elif outcome.status not in REPORTED or not outcome.output:
            self._failure = complaint_of(outcome)

    def _note(self) -> dict[str, Any]:
        try:
            found = read_json(read_plain(inside(self._run_dir, DOCTOR_NOTE), LARGEST).decode())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}
