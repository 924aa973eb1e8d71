# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs that a plan has run beside its steps, such as nft."""

from haven.contract.problems import problem
from haven.contract.steps import step_message
from haven.core.clock import NEVER, SECOND
from haven.failure_reason import reason_of
from haven.havend.host import child, system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Command = dict[str, Any]


# nft has done its work in a fraction of a second, also on a router that is starting; one that is stuck must
# not keep the node from its start, and even less from its end.
LIMIT = 10 * SECOND
LIMIT_AT_END = 3 * SECOND
# What nft says where the kernel has none of it: without netlink for filters at all, and with.
NO_NFT = ("Unable to initialize Netlink socket", "cache initialization failed")
NO_NF_TABLES = "this kernel has no nf_tables (kmod-nft-core)"


def run_all(commands: "Sequence[Command]", limit: int = LIMIT) -> "list[dict[str, Any]]":
    """Run commands one after the other and wait; return what failed, as problems."""
    failures = []
    for command in commands:
        status, complaint = child.run(command["argv"], command.get("stdin") or "", limit)
        if status:
            failures.append(_failure(command, complaint))
    return failures


def _failure(command: "Command", complaint: str) -> "dict[str, Any]":
    lines = complaint.strip().splitlines() or ["it failed and did not say why"]
    told = step_message(command["code"], command["facts"], command["say"])
    error = NO_NF_TABLES if any(words in complaint for words in NO_NFT) else lines[0]
    return problem("setup-failed", "set-up", command=told, error=error)


class PlanCommands:
    """Runs commands while the election goes on; `failed` is told of each that did not work.

    `deadline` is when expire() has something to do.
    """

    def __init__(self, poller: system.Poller, failed: "Callable[[dict[str, Any]], None]") -> None:
        self._poller = poller
        self._failed = failed
        self._waiting: list[Command] = []
        self._child: child.Child | None = None
        self.deadline = NEVER

    def begin(self, commands: "Sequence[Command]") -> None:
        """Run these after those that are under way."""
        self._waiting.extend(commands)
        self._start_next()

    def serves(self, descriptor: int) -> bool:
        """Tell whether a descriptor is that of the command under way."""
        return self._child is not None and self._child.serves(descriptor)

    def read(self, descriptor: int) -> None:
        """Read what the command under way complains of; after its end, start the next."""
        child = self._child
        if child is not None:
            child.read(descriptor)
            if child.status is not None:
                self._take_end(child)

    def expire(self) -> None:
        """End the command under way, whose time is over, and start the next."""
        if self._child is not None:
            self._child.kill()
            self._end(child.TOO_LONG)

    def finish(self) -> None:
        """Wait for what is under way, but not for long."""
        until = system.now() + LIMIT_AT_END
        while self._child is not None:
            self._child.wait(until - system.now())
            if self._child.status is None:
                del self._waiting[1:]
                self.expire()
            else:
                self._take_end(self._child)

    def _take_end(self, process: child.Child) -> None:
        self._end(process.complaint.decode("utf-8", "replace") if process.status else None)

    def _end(self, complaint: "str | None") -> None:
        self._child, self.deadline = None, NEVER
        command = self._waiting.pop(0)
        if complaint is not None:
            self._failed(_failure(command, complaint))
        self._start_next()

    def _start_next(self) -> None:
        while self._waiting and self._child is None:
            command = self._waiting[0]
            try:
                self._child = child.Child(command["argv"], command.get("stdin") or "", self._poller)
            except OSError as error:
                self._failed(_failure(self._waiting.pop(0), reason_of(error)))
                continue
            self.deadline = system.now() + LIMIT
