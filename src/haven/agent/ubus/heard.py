# SPDX-License-Identifier: GPL-2.0-or-later
"""The method `heard`: which virtual routers other routers advertise, listened for by the agent's own loop."""

from typing import TYPE_CHECKING

from haven import light_socket as socket
from haven.agent.loop import Scope
from haven.contract.control import Refusal
from haven.ubus.server import INVALID_ARGUMENT, UNKNOWN_ERROR, UbusCall

if TYPE_CHECKING:
    from haven.agent.vrid_scan import VridScan

# One is listened for, the other waits; luci.haven, which answers without an agent, has the same limit.
MOST_CALLS = 2


class HeardCalls:
    """Answers its calls one after the other."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._calls: list[UbusCall] = []
        self._scan: VridScan | None = None

    def called(self, call: UbusCall) -> None:
        """Answer a call after LISTEN_S seconds."""
        devices = call.arguments["devices"]
        if not all(isinstance(device, str) for device in devices):
            call.refuse(INVALID_ARGUMENT)
        elif len(self._calls) >= MOST_CALLS:
            busy = Refusal("busy")
            call.answer(
                {"error": str(busy), "kind": "refused", "code": busy.code, "facts": {}}, UNKNOWN_ERROR
            )
        else:
            self._calls.append(call)
            self._listen_next()

    def _listen_next(self) -> None:
        if self._calls and self._scan is None:
            from haven.agent.vrid_scan import LISTEN_S, VridScan

            self._scan = VridScan(self._calls[0].arguments["devices"])
            for packets in self._scan.sockets:
                self._watch(self._scan, packets)
            self._scope.after(LISTEN_S, self._answer)

    def _watch(self, scan: "VridScan", packets: socket.socket) -> None:
        self._scope.watch(packets, lambda _events: scan.take(packets))

    def _answer(self) -> None:
        if self._scan is not None:
            heard = self._scan.heard()
            self.close()
            self._calls.pop(0).answer({"heard": heard})
            self._listen_next()

    def close(self) -> None:
        """Listen no more."""
        scan, self._scan = self._scan, None
        for packets in scan.sockets if scan else []:
            self._scope.forget(packets)
        if scan:
            scan.close()
