# SPDX-License-Identifier: GPL-2.0-or-later
"""What another router asks of this one: what the group of rights `haven` may, and no shell."""

from collections.abc import Callable
from typing import Any

from haven.agent.calls import CallFailure, ChildEnd
from haven.agent.command_answer import complaint_of, document_of
from haven.agent.part import Surroundings
from haven.agent.waiting_line import WaitingLine
from haven.contract import control
from haven.contract.agent_requests import REMOTE
from haven.contract.control import Refusal, done, refused
from haven.contract.fields import DocumentError
from haven.contract.hidden import hide_arguments, hide_passwords
from haven.contract.pairing import PairingRefusal
from haven.own_program import argv_of

Reply = Callable[[dict[str, Any]], None]
# What other routers ask must not take havend's connections or the processor from who asks here.
AT_ONCE, WAITING = 4, 28
PACKAGE_PAUSE_S = 0.02
PATIENCE_S = {"switchover": control.HANDOVER_PATIENCE_S, "maintenance": control.HANDOVER_PATIENCE_S}


class Orders:
    """Carries out what a peer asks, of havend or of the compiler."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._scope, self._run_dir, self._config = around.scope, around.run_dir, around.config
        self._questions = WaitingLine(AT_ONCE, WAITING)
        self._plans = WaitingLine(1, AT_ONCE)
        # Two routers may ask at once; a look takes seconds, and one that waited would come too late.
        self._looks = WaitingLine(AT_ONCE // 2, 0)
        self._packages = WaitingLine(1, AT_ONCE)
        self._drills = WaitingLine(1, 0)

    def carry_out(self, request: dict[str, Any], reply: Reply, of_peer: bool = False) -> None:
        """Do what is asked; `reply` gets the answer as the control socket gives it."""
        try:
            command = request.get("command")
            if command not in REMOTE:
                raise PairingRefusal("request-denied", command=str(command)[:64])
            if command == "plan":
                self._plan(reply)
            elif command == "look":
                self._look(reply)
            elif command.startswith("upgrade-"):
                may_change = not of_peer or self._around.document.get("upgrade") is True
                self._package(request, reply, may_change)
            elif command.startswith("drill-") or command == "history":
                # Rarely asked for; nobody has it in memory for nothing.
                from haven.agent.drill import drill_orders

                reply(drill_orders.answer(request, self._around, self._drills))
            else:
                self._ask(control.check_request(request), reply)
        except (Refusal, PairingRefusal) as why:
            reply(refused(why))

    def _package(self, request: dict[str, Any], reply: Reply, may_change: bool) -> None:
        # Rarely asked for; nobody has it in memory for nothing.
        from haven.agent.channel import package_orders

        def start() -> None:
            self._scope.after(PACKAGE_PAUSE_S, act)

        def act() -> None:
            self._packages.over()
            try:
                answer = package_orders.answer(request, self._around, may_change)
            except Refusal as why:
                answer = refused(why)
            reply(answer)

        # It reads files: whoever asks without end gets a few of them a second, and the rest goes on.
        self._packages.take(start)

    def _ask(self, request: dict[str, Any], reply: Reply) -> None:
        arguments = {key: value for key, value in request.items() if key not in ("command", "follow")}
        patience = PATIENCE_S.get(request["command"], control.ANSWER_PATIENCE_S)
        try:
            line = control.encode_request(request["command"], arguments)
        except DocumentError as why:
            raise Refusal("request-wrong", error=str(why)) from None

        def answered(outcome: Any) -> None:
            self._questions.over()
            reply(_answer(outcome))

        self._questions.take(lambda: self._scope.ask_havend(line, answered, patience))

    def _plan(self, reply: Reply) -> None:
        self._run_command(self._plans, ("plan", "--json"), lambda outcome: reply(_plan_in(outcome)))

    def _look(self, reply: Reply) -> None:
        words = ("--root", self._around.root, "look")
        self._run_command(self._looks, words, lambda outcome: reply(_document_in(outcome)))

    def _run_command(
        self, line: WaitingLine, words: tuple[str, ...], done: Callable[[ChildEnd | CallFailure], None]
    ) -> None:
        argv = argv_of("haven", "--config", self._config, "--run-dir", self._run_dir, *words)

        def ended(outcome: ChildEnd | CallFailure) -> None:
            line.over()
            done(outcome)

        def start() -> None:
            try:
                self._scope.run(argv, ended, control.HANDOVER_PATIENCE_S)
            except OSError as why:
                ended(CallFailure("refused", str(why)))

        line.take(start)


def _answer(outcome: Any) -> dict[str, Any]:
    if isinstance(outcome, CallFailure):
        return refused(outcome.refusal or Refusal("silent"))
    return done(outcome)


def _plan_in(outcome: ChildEnd | CallFailure) -> dict[str, Any]:
    answer = _document_in(outcome)
    return done(hide_arguments(hide_passwords(answer["result"]))) if answer["ok"] else answer


def _document_in(outcome: ChildEnd | CallFailure) -> dict[str, Any]:
    if isinstance(outcome, CallFailure):
        return refused(outcome.refusal or Refusal("request-wrong", error=str(outcome)))
    found = document_of(outcome)
    if found is None or outcome.status:
        return refused(Refusal("request-wrong", error=complaint_of(outcome).replace("\n", "; ")))
    return done(found)
