# SPDX-License-Identifier: GPL-2.0-or-later
"""The object `haven` on ubus: its methods, their arguments, and who answers them.

havend answers what it knows, over its control socket; what others advertise the agent hears itself. What
needs the compiler is asked of the command `haven`, one at a time, as a child that ends. What is about other
routers, or of one of them (`node`), goes over the channel. None of it is waited for.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from haven.agent.calls import CallFailure, ChildEnd
from haven.agent.command_answer import complaint_of, document_of, refusal_in
from haven.agent.loop import Scope
from haven.agent.service import reload_argv
from haven.agent.ubus import pair_methods
from haven.agent.ubus.heard import HeardCalls
from haven.agent.ubus.reload_calls import ReloadCalls
from haven.agent.waiting_line import WaitingLine
from haven.contract import control
from haven.contract.fields import DocumentError
from haven.contract.hidden import hide_arguments, hide_passwords
from haven.own_program import argv_of
from haven.reload_time import WITH_TURN_S
from haven.ubus.codec import ARRAY, BOOL, INT32, STRING
from haven.ubus.server import (
    CONNECTION_FAILED,
    INVALID_ARGUMENT,
    METHOD_NOT_FOUND,
    OK,
    TIMEOUT,
    UNKNOWN_ERROR,
    Signature,
    UbusCall,
)

if TYPE_CHECKING:
    from haven.agent.ubus.doctor_calls import DoctorCalls

NAME = "haven"
SIGNATURE: Signature = {
    "status": {"node": STRING},
    "events": {"node": STRING},
    "metrics": {"form": STRING},
    "plan": {"text": STRING, "node": STRING},
    "validate": {"text": STRING},
    "heard": {"devices": ARRAY},
    "doctor": {"begin": BOOL},
    "switchover": {"group": STRING, "node": STRING},
    "maintenance": {"on": BOOL, "node": STRING},
    "reload": {"begin": BOOL},
    "drill": {"node": STRING, "drill": STRING, "back": BOOL},
    "history": {"days": INT32},
    **pair_methods.SIGNATURE,
}
NEEDED = {"maintenance": ("on",), "heard": ("devices",), "drill": ("node", "drill"), **pair_methods.NEEDED}
KINDS: dict[int, type] = {STRING: str, BOOL: bool, ARRAY: list, INT32: int}
# uhttpd and rpcd add it to every call.
SESSION = "ubus_rpc_session"

STATUS_OF = {"havend": CONNECTION_FAILED, "late": TIMEOUT, "refused": UNKNOWN_ERROR}

MOST_CALLS = 32
# What the command answers, which takes a second on a router. Who may only look may ask for a plan: that must
# keep the state from nobody.
MOST_COMPILED = 4

# What a candidate configuration is called for the child that reads it.
CANDIDATE = "/proc/self/fd/0"


class UbusMethods:
    """Answers the calls of the object."""

    def __init__(self, scope: Scope, run_dir: str, config: str) -> None:
        self._scope, self._run_dir, self._config = scope, run_dir, config
        self._asked = 0
        self._compiled = WaitingLine(1, MOST_COMPILED)
        self._heard = HeardCalls(scope)
        self._doctor: DoctorCalls | None = None
        self._pair = pair_methods.PairMethods(scope)
        self._answers: dict[str, Callable[[UbusCall], None]] = {
            "status": self._status,
            "events": self._events,
            "metrics": self._metrics,
            "plan": self._plan,
            "validate": self._validate,
            "heard": self._heard.called,
            "doctor": self._ask_doctor,
            "switchover": self._switchover,
            "maintenance": self._maintenance,
            "reload": ReloadCalls(self._reload).called,
            "drill": self._drill,
            "history": self._history,
            **dict.fromkeys(pair_methods.SIGNATURE, self._of_pair),
        }

    def called(self, call: UbusCall) -> None:
        """Answer a call, now or later."""
        status = _wrong(call)
        if status:
            call.refuse(status)
        elif self._asked >= MOST_CALLS:
            _fail(call, CallFailure("refused", f"{MOST_CALLS} calls wait for their answers already"))
        else:
            self._answer(call)

    def close(self) -> None:
        """Let go of what does not go with the scope."""
        self._heard.close()

    def _answer(self, call: UbusCall) -> None:
        try:
            self._answers[call.method](call)
        except DocumentError:
            # Of the right type, and yet nothing that havend could be asked: a group without a name.
            call.refuse(INVALID_ARGUMENT)

    # What havend answers, here or on another router

    def _status(self, call: UbusCall) -> None:
        self._ask(call, "status")

    def _events(self, call: UbusCall) -> None:
        self._ask(call, "events", shape=lambda events: {"events": events})

    def _metrics(self, call: UbusCall) -> None:
        # Where nobody asks for metrics, they are not loaded.
        from haven.metrics.metric_texts import FORMS, PROMETHEUS, metrics_text

        form = call.arguments.get("form", PROMETHEUS)
        if form in FORMS:
            self._ask(call, "status", shape=lambda status: {"text": metrics_text(status, form)})
        else:
            call.refuse(INVALID_ARGUMENT)

    def _switchover(self, call: UbusCall) -> None:
        self._ask(call, "switchover", control.HANDOVER_PATIENCE_S, group=call.arguments.get("group"))

    def _maintenance(self, call: UbusCall) -> None:
        self._ask(call, "maintenance", control.HANDOVER_PATIENCE_S, on=call.arguments["on"])

    def _ask(
        self,
        call: UbusCall,
        command: str,
        patience: float = control.ANSWER_PATIENCE_S,
        shape: Callable[[Any], Any] = lambda result: result,
        **arguments: Any,
    ) -> None:
        def done(outcome: Any) -> None:
            _tell(call, outcome if isinstance(outcome, CallFailure) else shape(outcome))

        def counted(outcome: Any) -> None:
            self._asked -= 1
            done(outcome)

        request = control.request(command, **arguments)
        if "node" in call.arguments:
            self._pair.ask_node(call.arguments["node"], command, arguments, patience, done)
        else:
            self._asked += 1
            self._scope.ask_havend(request, counted, patience)

    def _ask_doctor(self, call: UbusCall) -> None:
        if self._doctor is None:
            # Rarely asked for; nobody has it in memory for nothing.
            from haven.agent.ubus.doctor_calls import DoctorCalls

            self._doctor = DoctorCalls(self._scope, self._run_dir, self._config)
        self._doctor.called(call)

    def _of_pair(self, call: UbusCall) -> None:
        self._pair.ask(call, lambda outcome: _tell(call, outcome))

    # What the command answers

    def _plan(self, call: UbusCall) -> None:
        if "node" in call.arguments:
            self._plan_there(call)
            return

        def done(ended: ChildEnd) -> None:
            plan = document_of(ended)
            if plan is None or ended.status:
                self._name_problems(call, ended)
            else:
                call.answer(self._presentable(plan))

        self._run(call, ["plan", "--json"], done)

    def _plan_there(self, call: UbusCall) -> None:
        if "text" in call.arguments:
            # A candidate is this router's: another one's interfaces are not known here.
            call.refuse(INVALID_ARGUMENT)
            return
        node, limit_s = call.arguments["node"], control.HANDOVER_PATIENCE_S
        self._pair.ask_node(node, "plan", {}, limit_s, lambda outcome: _tell(call, outcome))

    def _validate(self, call: UbusCall) -> None:
        def done(ended: ChildEnd) -> None:
            self._tell_validity(call, ended)

        self._run(call, ["validate", "--json"], done)

    def _reload(self, call: UbusCall) -> None:
        def done(ended: ChildEnd) -> None:
            if ended.status == 0:
                # The service answers in text.
                document = document_of(ended) or {"text": ended.output.strip()}
                call.answer({"text": str(document.get("text"))})
            else:
                self._name_problems(call, ended)

        self._run(call, ["reload", "--json"], done, reload_argv(self._config), WITH_TURN_S)

    def _history(self, call: UbusCall) -> None:
        def done(ended: ChildEnd) -> None:
            document = document_of(ended)
            if document is None:
                _fail(call, CallFailure("refused", complaint_of(ended)))
            else:
                call.answer(document)

        days = call.arguments.get("days", 1)
        self._run(call, ["history", "--json", "--days", str(days)], done)

    def _drill(self, call: UbusCall) -> None:
        """Have a drill begun on the router of that name; what comes of it the status tells."""
        arguments = {key: value for key, value in call.arguments.items() if key in ("drill", "back")}
        limit_s = control.ANSWER_PATIENCE_S
        tell = lambda outcome: _tell(call, outcome)  # noqa: E731
        self._pair.ask_node(call.arguments["node"], "drill-run", arguments, limit_s, tell)

    def _name_problems(self, call: UbusCall, failed: ChildEnd) -> None:
        """Answer by what a child that failed has said, or by what is wrong in the configuration."""
        document = document_of(failed) or {}
        if "problems" in document:
            self._tell_validity(call, failed, UNKNOWN_ERROR)
        elif "error" in document:
            _fail(call, CallFailure("refused", str(document["error"]), refusal_in(failed)))
        else:
            self._look_for_problems(call, failed)

    def _look_for_problems(self, call: UbusCall, failed: ChildEnd) -> None:
        def done(ended: ChildEnd) -> None:
            document = document_of(ended)
            if document is None or document.get("valid"):
                _fail(call, CallFailure("refused", complaint_of(failed)))
            else:
                self._tell_validity(call, ended, UNKNOWN_ERROR)

        self._run(call, ["validate", "--json"], done)

    def _tell_validity(self, call: UbusCall, ended: ChildEnd, status: int = OK) -> None:
        document = document_of(ended)
        if document is None:
            _fail(call, CallFailure("refused", complaint_of(ended)))
        else:
            call.answer(self._presentable(document), status)

    def _run(
        self,
        call: UbusCall,
        words: list[str],
        done: Callable[[ChildEnd], None],
        service: list[str] | None = None,
        limit_s: float = control.HANDOVER_PATIENCE_S,
    ) -> None:
        text = call.arguments.get("text")
        config = self._config if text is None else CANDIDATE
        argv = service or [*argv_of("haven"), "--config", config, "--run-dir", self._run_dir, *words]

        def finished(outcome: ChildEnd | CallFailure) -> None:
            self._compiled.over()
            if isinstance(outcome, CallFailure):
                _fail(call, outcome)
            else:
                done(outcome)

        def start() -> None:
            try:
                self._scope.run(argv, finished, limit_s, text)
            except OSError as why:
                finished(CallFailure("refused", f"{argv[0]}: {why.strerror}"))

        try:
            self._compiled.take(start)
        except control.Refusal as busy:
            _fail(call, CallFailure("refused", str(busy), busy))

    def _presentable(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return a document without what is secret, and with the user's name for the configuration."""
        hide_arguments(hide_passwords(document))
        for problem in [*document.get("problems", []), *document.get("warnings", [])]:
            for key in ("file", "text"):
                problem[key] = problem[key].replace(CANDIDATE, self._config)
        if "config" in document:
            document["config"] = document["config"].replace(CANDIDATE, self._config)
        return document


def _wrong(call: UbusCall) -> int:
    """Return the status of a call that cannot be carried out, or 0."""
    expected = SIGNATURE.get(call.method)
    if expected is None:
        return METHOD_NOT_FOUND
    given = {name: value for name, value in call.arguments.items() if name != SESSION}
    # A word that is not known is refused: {"grup": "lan"} must not hand over all groups.
    good = all(type(value) is KINDS.get(expected.get(name, -1)) for name, value in given.items())
    missing = [name for name in NEEDED.get(call.method, ()) if name not in given]
    return 0 if good and not missing else INVALID_ARGUMENT


def _tell(call: UbusCall, outcome: Any) -> None:
    if isinstance(outcome, CallFailure):
        _fail(call, outcome)
    elif isinstance(outcome, dict):
        call.answer(outcome)
    else:
        # Another router has said it.
        odd = control.Refusal("unintelligible")
        _fail(call, CallFailure("refused", str(odd), odd))


def _fail(call: UbusCall, failure: CallFailure) -> None:
    answer: dict[str, Any] = {"error": str(failure), "kind": failure.kind}
    if failure.refusal is not None:
        answer |= {"code": failure.refusal.code, "facts": failure.refusal.facts}
    call.answer(answer, STATUS_OF[failure.kind])
