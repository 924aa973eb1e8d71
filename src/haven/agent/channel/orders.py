# SPDX-License-Identifier: GPL-2.0-or-later
"""What another router asks of this one: what the group of rights `haven` may, and no shell."""

from collections.abc import Callable
from typing import Any

from haven.agent.calls import CallFailure, ChildEnd
from haven.agent.loop import Scope
from haven.config.passwords import hide_passwords
from haven.contract import control
from haven.contract.agent_requests import REMOTE
from haven.contract.control import Refusal, done, refused
from haven.contract.fields import DocumentError
from haven.contract.pairing import PairingRefusal
from haven.contract.strict_json import read_json
from haven.launch import argv_of

Reply = Callable[[dict[str, Any]], None]
PATIENCE_S = {"switchover": control.HANDOVER_PATIENCE_S, "maintenance": control.HANDOVER_PATIENCE_S}


class Orders:
    """Carries out what a peer asks, of havend or of the compiler."""

    def __init__(self, scope: Scope, run_dir: str, config: str) -> None:
        self._scope, self._run_dir, self._config = scope, run_dir, config

    def carry_out(self, request: dict[str, Any], reply: Reply) -> None:
        """Do what is asked; `reply` gets the answer as the control socket gives it."""
        try:
            command = request.get("command")
            if command not in REMOTE:
                raise PairingRefusal("request-denied", command=str(command)[:64])
            if command == "plan":
                self._plan(reply)
            else:
                self._ask(control.check_request(request), reply)
        except (Refusal, PairingRefusal) as why:
            reply(refused(why))

    def _ask(self, request: dict[str, Any], reply: Reply) -> None:
        arguments = {key: value for key, value in request.items() if key not in ("command", "follow")}
        patience = PATIENCE_S.get(request["command"], control.ANSWER_PATIENCE_S)
        try:
            line = control.encode_request(request["command"], arguments)
        except DocumentError as why:
            raise Refusal("request-wrong", error=str(why)) from None
        self._scope.ask_havend(line, lambda outcome: reply(_answer(outcome)), patience)

    def _plan(self, reply: Reply) -> None:
        argv = [*argv_of("haven"), "--config", self._config, "--run-dir", self._run_dir, "plan", "--json"]
        self._scope.run(argv, lambda outcome: reply(_plan_in(outcome)), control.HANDOVER_PATIENCE_S)


def _answer(outcome: Any) -> dict[str, Any]:
    if isinstance(outcome, CallFailure):
        return refused(outcome.refusal or Refusal("silent"))
    return done(outcome)


def _plan_in(outcome: "ChildEnd | CallFailure") -> dict[str, Any]:
    if isinstance(outcome, CallFailure):
        return refused(Refusal("silent"))
    try:
        plan = read_json(outcome.output)
    except ValueError:
        return refused(Refusal("unintelligible"))
    hide_passwords(plan)
    return done(plan)
