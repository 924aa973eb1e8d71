# SPDX-License-Identifier: GPL-2.0-or-later
"""The method `reload`: waited for, or with `begin` begun, and asked where it stands.

A page of LuCI is given up after some seconds, and a reload of a slow router takes minutes.
"""

from collections.abc import Callable
from typing import Any

from haven.ubus.server import OK, UbusCall


class _OwnCall(UbusCall):
    """A reload that nobody's call waits for."""

    def __init__(self, take: Callable[[dict[str, Any]], None]) -> None:
        self.method, self.arguments = "reload", {}
        self._take = take

    def answer(self, document: dict[str, Any], _status: int = OK) -> None:
        """Keep the answer: what went wrong stands in it."""
        self._take(document)


class ReloadCalls:
    """One that is begun while another goes on follows it: the configuration may be newer. The last counts."""

    def __init__(self, reload: Callable[[UbusCall], None]) -> None:
        self._reload = reload
        self._running = 0
        self._answer: dict[str, Any] | None = None

    def called(self, call: UbusCall) -> None:
        """Answer when it is done; with `begin` at once, and begin where it is true."""
        if "begin" not in call.arguments:
            self._reload(call)
            return
        if call.arguments["begin"]:
            self._running += 1
            self._reload(_OwnCall(self._ended))
        is_running = self._running > 0
        call.answer({"running": is_running, "answer": None if is_running else self._answer})

    def _ended(self, answer: dict[str, Any]) -> None:
        self._running -= 1
        self._answer = answer
