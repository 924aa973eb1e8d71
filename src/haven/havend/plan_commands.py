# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs that a plan has run beside its steps, such as nft."""

import os

from haven.contract.problems import problem
from haven.contract.steps import step_message
from haven.havend.host import system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Command = dict[str, Any]


def run_all(commands: "Sequence[Command]") -> "list[dict[str, Any]]":
    """Run commands one after the other and wait; return what failed, as problems."""
    failures = []
    for command in commands:
        status, complaint = system.run(command["argv"], command.get("stdin") or "")
        if status:
            failures.append(_failure(command, complaint))
    return failures


def _failure(command: "Command", complaint: str) -> "dict[str, Any]":
    lines = complaint.strip().splitlines() or ["it failed and did not say why"]
    told = step_message(command["code"], command["facts"], command["say"])
    return problem("setup-failed", "set-up", command=told, error=lines[0])


class PlanCommands:
    """Runs commands while the election goes on; `failed` is told of each that did not work."""

    def __init__(self, poller: system.Poller, failed: "Callable[[dict[str, Any]], None]") -> None:
        self._poller = poller
        self._failed = failed
        self._waiting: list[Command] = []
        self._child = 0
        self._descriptor = -1
        self._complaint = b""

    def begin(self, commands: "Sequence[Command]") -> None:
        """Run these after those that are under way."""
        self._waiting.extend(commands)
        self._start_next()

    def serves(self, descriptor: int) -> bool:
        """Tell whether a descriptor is that of the command under way."""
        return descriptor == self._descriptor

    def read(self) -> None:
        """Read what the command under way complains of; after its end, start the next."""
        octets = os.read(self._descriptor, 1 << 16)
        if octets:
            self._complaint += octets
            return
        self._poller.remove(self._descriptor)
        os.close(self._descriptor)
        self._descriptor = -1
        command = self._waiting.pop(0)
        if system.end_of(self._child):
            self._failed(_failure(command, self._complaint.decode("utf-8", "replace")))
        self._start_next()

    def finish(self) -> None:
        """Wait for what is under way."""
        while self._descriptor >= 0:
            self.read()

    def _start_next(self) -> None:
        while self._waiting and self._descriptor < 0:
            command = self._waiting[0]
            try:
                self._child, self._descriptor = system.spawn(command["argv"], command.get("stdin") or "")
            except OSError as error:
                self._failed(_failure(self._waiting.pop(0), str(error.strerror)))
                continue
            self._complaint = b""
            self._poller.add(self._descriptor)
