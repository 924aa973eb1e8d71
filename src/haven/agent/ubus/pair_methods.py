# SPDX-License-Identifier: GPL-2.0-or-later
"""The methods that are about other routers: who is paired, what one of them says, the common configuration.

The part for the channel answers them, over the agent's own socket, as it answers the command.
"""

from collections.abc import Callable
from typing import Any

from haven.agent.calls import CallFailure
from haven.agent.loop import Scope
from haven.agent.waiting_line import WaitingLine
from haven.contract import control
from haven.contract.agent_requests import REQUESTS
from haven.ubus.codec import INT32, STRING
from haven.ubus.server import Signature, UbusCall

SIGNATURE: Signature = {
    "peers": {},
    "pair": {},
    "unpair": {"node": STRING},
    "sync": {},
    "sync_diff": {},
    "sync_history": {},
    "sync_now": {},
    "sync_take": {"node": STRING, "path": STRING},
    "sync_undo": {"number": INT32},
}
NEEDED = {"unpair": ("node",), "sync_take": ("node", "path"), "sync_undo": ("number",)}
# A list stands under a name: ubus answers with a table.
LISTS = {"peers": "peers", "sync_diff": "rows", "sync_history": "changes"}
# Half of what the agent's socket lets in, so that the command still gets there.
AT_ONCE, WAITING = 8, 24

# Takes what came of a call: a document, or a CallFailure.
Tell = Callable[[Any], None]


class PairMethods:
    """Asks what the channel knows; `tell` gets the answer as ubus has it."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._line = WaitingLine(AT_ONCE, WAITING)

    def ask(self, call: UbusCall, tell: Tell) -> None:
        """Ask for what a method of the table says. Raises DocumentError."""
        arguments = {name: call.arguments[name] for name in SIGNATURE[call.method]}
        name = LISTS.get(call.method)

        def told(outcome: Any) -> None:
            is_list = name and not isinstance(outcome, CallFailure)
            tell({name: outcome} if is_list else outcome)

        self._send(call.method.replace("_", "-"), arguments, control.ANSWER_PATIENCE_S, told)

    def ask_node(
        self, node: str, command: str, arguments: dict[str, Any], limit_s: float, tell: Tell
    ) -> None:
        """Ask a router of that name what havend answers there. Raises DocumentError."""
        request = {"command": command, **arguments}
        self._send("ask", {"node": node, "request": request}, limit_s, tell)

    def _send(self, command: str, arguments: dict[str, Any], limit_s: float, tell: Tell) -> None:
        request = control.encode_request(command, arguments, REQUESTS)

        def answered(outcome: Any) -> None:
            self._line.over()
            tell(outcome)

        if not self._line.take(lambda: self._scope.ask_agent(request, answered, limit_s)):
            busy = control.Refusal("busy")
            tell(CallFailure("refused", str(busy), busy))
