# SPDX-License-Identifier: GPL-2.0-or-later
"""The object `haven` on ubus: its methods, their arguments, and who answers them.

havend answers what it knows, over its control socket. What needs the compiler is asked of the command
`haven`, one at a time, as a child that ends. Neither is waited for.
"""

import json
import os
import selectors
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from haven.agent.calls import CallFailure, ChildCall, ChildEnd, ControlCall
from haven.config.passwords import hide_passwords
from haven.ubus.codec import BOOL, STRING
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

NAME = "haven"
SIGNATURE: Signature = {
    "status": {},
    "events": {},
    "plan": {"text": STRING},
    "validate": {"text": STRING},
    "switchover": {"group": STRING},
    "maintenance": {"on": BOOL},
    "reload": {},
}
NEEDED = {"maintenance": ("on",)}
KINDS: dict[int, type] = {STRING: str, BOOL: bool}
# uhttpd and rpcd add it to every call.
SESSION = "ubus_rpc_session"

STATUS_OF = {"havend": CONNECTION_FAILED, "late": TIMEOUT, "refused": UNKNOWN_ERROR}

PATIENCE_S = 5.0
# A handover lasts up to the longest Skew_Time, 41 s; a slow router compiles for seconds.
LONG_PATIENCE_S = 60.0
MOST_CALLS = 32

SERVICE = "/etc/init.d/haven"
# What a candidate configuration is called for the child that reads it.
CANDIDATE = "/proc/self/fd/0"

Outcome = Any


class UbusMethods:
    """Answers the calls of the object; times are seconds of time.monotonic()."""

    def __init__(self, selector: selectors.BaseSelector, run_dir: str, config: str) -> None:
        self._selector, self._run_dir, self._config = selector, run_dir, config
        self._now = 0.0
        self._asked: list[tuple[float, ControlCall | ChildCall]] = []
        self._program: ChildCall | None = None
        self._waiting: list[Callable[[], None]] = []
        self._answers: dict[str, Callable[[UbusCall], None]] = {
            "status": self._status,
            "events": self._events,
            "plan": self._plan,
            "validate": self._validate,
            "switchover": self._switchover,
            "maintenance": self._maintenance,
            "reload": self._reload,
        }

    def next_deadline(self) -> float | None:
        """Return when the first answer is overdue, or None."""
        return min((deadline for deadline, asked in self._asked if not asked.ended), default=None)

    def drive(self, now: float) -> None:
        """Give up what is overdue, and run the next program."""
        self._now = now
        for deadline, asked in self._asked:
            if not asked.ended and now >= deadline:
                asked.expire()
        self._asked = [(deadline, asked) for deadline, asked in self._asked if not asked.ended]
        while self._waiting and (self._program is None or self._program.ended):
            self._waiting.pop(0)()

    def close(self) -> None:
        """End what is under way."""
        self._waiting.clear()
        for _deadline, asked in self._asked:
            if not asked.ended:
                asked.expire()

    def called(self, call: UbusCall) -> None:
        """Take a call: it is answered, now or later."""
        status = _wrong(call)
        if status:
            call.refuse(status)
        elif len(self._asked) + len(self._waiting) >= MOST_CALLS:
            _fail(call, CallFailure("refused", f"{MOST_CALLS} calls wait for their answers already"))
        else:
            self._answers[call.method](call)

    # What havend answers

    def _status(self, call: UbusCall) -> None:
        self._ask(call, {"command": "status"})

    def _events(self, call: UbusCall) -> None:
        self._ask(call, {"command": "events"}, shape=lambda events: {"events": events})

    def _switchover(self, call: UbusCall) -> None:
        request = {"command": "switchover", "group": call.arguments.get("group")}
        self._ask(call, request, LONG_PATIENCE_S)

    def _maintenance(self, call: UbusCall) -> None:
        request = {"command": "maintenance", "on": call.arguments["on"]}
        self._ask(call, request, LONG_PATIENCE_S)

    def _ask(
        self,
        call: UbusCall,
        request: dict[str, Any],
        patience: float = PATIENCE_S,
        shape: Callable[[Any], Any] = lambda result: result,
    ) -> None:
        def done(outcome: Outcome) -> None:
            if isinstance(outcome, CallFailure):
                _fail(call, outcome)
            else:
                call.answer(shape(outcome))

        question = ControlCall(self._selector, self._run_dir, request, done)
        if not question.ended:
            self._asked.append((self._now + patience, question))

    # What the command answers

    def _plan(self, call: UbusCall) -> None:
        def done(ended: ChildEnd) -> None:
            plan = _document(ended)
            if plan is None:
                self._name_problems(call, ended)
            else:
                call.answer(self._presentable(plan))

        self._run(call, ["plan", "--json"], done)

    def _validate(self, call: UbusCall) -> None:
        def done(ended: ChildEnd) -> None:
            self._tell_validity(call, ended)

        self._run(call, ["validate", "--json"], done)

    def _reload(self, call: UbusCall) -> None:
        def done(ended: ChildEnd) -> None:
            if ended.status == 0:
                call.answer({"text": ended.output.strip()})
            else:
                self._name_problems(call, ended)

        self._run(call, ["reload"], done, _service(self._config))

    def _name_problems(self, call: UbusCall, failed: ChildEnd) -> None:
        """After a refusal: with what is wrong in the configuration, or what the command complained of."""

        def done(ended: ChildEnd) -> None:
            document = _document(ended)
            if document is None or document.get("valid"):
                complaint = failed.complaint.strip() or f"it ended with {failed.status}"
                _fail(call, CallFailure("refused", complaint.removeprefix("haven: ")))
            else:
                self._tell_validity(call, ended, UNKNOWN_ERROR)

        self._run(call, ["validate", "--json"], done)

    def _tell_validity(self, call: UbusCall, ended: ChildEnd, status: int = OK) -> None:
        document = _document(ended)
        if document is None:
            _fail(call, CallFailure("refused", ended.complaint.strip() or f"it ended with {ended.status}"))
        else:
            call.answer(self._presentable(document), status)

    def _run(
        self,
        call: UbusCall,
        words: list[str],
        done: Callable[[ChildEnd], None],
        service: list[str] | None = None,
    ) -> None:
        text = call.arguments.get("text")
        config = self._config if text is None else CANDIDATE
        argv = service or [*_haven(), "--config", config, "--run-dir", self._run_dir, *words]

        def finished(outcome: ChildEnd | CallFailure) -> None:
            if isinstance(outcome, CallFailure):
                _fail(call, outcome)
            else:
                done(outcome)

        def start() -> None:
            try:
                self._program = ChildCall(self._selector, argv, text, finished)
            except OSError as why:
                _fail(call, CallFailure("refused", f"{argv[0]}: {why.strerror}"))
            else:
                self._asked.append((self._now + LONG_PATIENCE_S, self._program))

        self._waiting.append(start)

    def _presentable(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return a document without passwords, and with the user's name for the configuration."""
        hide_passwords(document)
        for problem in document.get("problems", []):
            problem["file"] = problem["file"].replace(CANDIDATE, self._config)
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


def _fail(call: UbusCall, failure: CallFailure) -> None:
    call.answer({"error": str(failure), "kind": failure.kind}, STATUS_OF[failure.kind])


def _document(ended: ChildEnd) -> dict[str, Any] | None:
    try:
        found = json.loads(ended.output)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _haven() -> list[str]:
    # As the launcher does it: nothing of the environment or the working folder is in the path.
    folder = str(Path(__file__).parents[2])
    program = f"import sys; sys.path.insert(0, {folder!r}); from haven.cli.main import main; sys.exit(main())"
    return [sys.executable, "-I", "-B", "-c", program]


def _service(config: str) -> list[str] | None:
    # On OpenWrt the firewall and DHCP follow the configuration, too.
    here = config == "/etc/config/haven" and os.access(SERVICE, os.X_OK)
    return [SERVICE, "reload"] if here else None
