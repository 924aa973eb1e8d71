# SPDX-License-Identifier: GPL-2.0-or-later
"""An object on a broker, served in a thread of its own as the agent serves its one."""

import threading
from collections.abc import Callable
from pathlib import Path

from haven.agent.loop import Loop, Scope
from haven.ubus.codec import BOOL, STRING
from haven.ubus.server import UNKNOWN_ERROR, UbusCall, UbusServer

SIGNATURE = {"echo": {"text": STRING, "on": BOOL}, "later": {}, "refuse": {}, "nothing": {}}

# How often it is looked whether something is to be done in the thread.
LOOK_S = 0.02


class Served:
    """The object `demo`, and what was called."""

    def __init__(self, path: Path) -> None:
        self._loop = Loop()
        self.failures: list[BaseException] = []
        self._scope = Scope(self._loop, "/nowhere", self.failures.append)
        self.calls: list[UbusCall] = []
        self.turns = 0
        self.connection = UbusServer(self._scope, "demo", SIGNATURE, self._called, (str(path),))
        self.heard: list[dict] = []
        self.connection.listen("demo.other", self.heard.append)
        self._ending = False
        self._waiting: list[Callable[[], None]] = []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _called(self, call: UbusCall) -> None:
        self.calls.append(call)
        if call.method == "echo":
            call.answer(call.arguments)
        elif call.method == "refuse":
            call.answer({"why": "no"}, UNKNOWN_ERROR)
        elif call.method == "nothing":
            call.answer({})

    def _run(self) -> None:
        self.connection.connect()
        self._scope.every(LOOK_S, self._do_what_waits)
        while not self._ending:
            self._loop.turn()
            self.turns += 1

    def _do_what_waits(self) -> None:
        while self._waiting:
            self._waiting.pop(0)()

    def do(self, act: Callable[[], None]) -> None:
        """Have something done in the thread."""
        self._waiting.append(act)

    def close(self) -> None:
        """End the thread and the connection."""
        if self._ending:
            return
        self._ending = True
        self._thread.join()
        self.connection.close()
        self._scope.close()
        self._loop.close()
        assert self.failures == []
