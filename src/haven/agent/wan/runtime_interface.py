# SPDX-License-Identifier: GPL-2.0-or-later
"""An interface without addresses that netifd has at run time alone; a restart of netifd forgets it."""

from typing import Any

from haven.agent.loop import Scope
from haven.ubus import caller
from haven.ubus.caller import UbusFailure

Document = dict[str, Any]

LOOK_S = 5.0


class RuntimeInterface:
    """Has netifd keep one; the scope outlives its user, whose last word is that it is to go."""

    def __init__(self, scope: Scope, name: str) -> None:
        self._scope = scope
        self._looks = scope.inner()
        self._name = name
        self._wanted: Document | None = None
        self._is_removed = False

    def keep(self, **words: Any) -> None:
        """See now, and every few seconds, that netifd has it like this."""
        wanted = {"name": self._name, "proto": "none", **words}
        if wanted == self._wanted:
            return
        is_another = self._wanted is not None
        self.leave()
        self._looks = self._scope.inner()
        self._wanted, self._is_removed = wanted, False
        if is_another:
            self._add()
        else:
            self._look()

    def _look(self) -> None:
        caller.call(self._looks, "network.interface." + self._name, "status", {}, self._take_status)

    def _take_status(self, answer: Any) -> None:
        if isinstance(answer, UbusFailure) and answer.is_absent:
            self._add()
        else:
            self._look_later(answer)

    def _add(self) -> None:
        assert self._wanted is not None
        caller.call(self._looks, "network", "add_dynamic", self._wanted, self._look_later)

    def _look_later(self, _answer: Any) -> None:
        self._looks.after(LOOK_S, self._look)

    def remove(self) -> None:
        """Have it no more, also if somebody before us has left it."""
        self.leave()
        if not self._is_removed:
            self._is_removed = True
            path = "network.interface." + self._name
            caller.call(self._scope, path, "remove", {}, lambda _answer: None)

    def leave(self) -> None:
        """Look no more; it stays for whoever keeps it next."""
        self._wanted = None
        self._looks.close()
