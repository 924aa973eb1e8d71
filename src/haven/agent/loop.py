# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent's loop: waits for havend and for the parts, and lets each part hear what havend says."""

import select
import time
from typing import Any, Protocol

from haven.agent.conntrack.part import ConntrackPart
from haven.agent.havend_link import HavendLink
from haven.agent.scripts.part import ScriptsPart
from haven.agent.ubus.part import UbusPart

LONGEST_WAIT_S = 1.0


class Source(Protocol):
    """Something that the loop waits for. Times are seconds of time.monotonic()."""

    def fileno(self) -> int | None:
        """Return a descriptor to wait for, or None."""

    def next_deadline(self) -> float | None:
        """Return when there is something to do, or None."""


class Part(Source, Protocol):
    """One concern of the agent.

    Events are havend's own ({"kind": "transition", ...}), and two that the loop makes: {"kind": "roles",
    "groups": {name: state}} whenever havend has been reached, and {"kind": "prepare"} when havend is about
    to hand over and waits for "prepared".
    """

    def read(self) -> None:
        """Read what is ready at the descriptor."""

    def hear(self, event: dict[str, Any]) -> None:
        """Take an event."""

    def drive(self, now: float) -> None:
        """Do what time asks for; called in every turn, so it must be quick when there is nothing to do."""

    def close(self) -> None:
        """End; the agent does."""


class Agent:
    """One node's control plane; `ending` when it is to stop."""

    def __init__(self, run_dir: str, config: str) -> None:
        self.ending = False
        self._havend = HavendLink(run_dir)
        connections = ConntrackPart(run_dir, self._havend)
        self._parts: list[Part] = [connections, UbusPart(run_dir, config), ScriptsPart(run_dir)]

    def run(self) -> None:
        """Run until `ending`."""
        # As havend: what is wrong on stderr, everything else on stdout.
        print("haven-agent: started", flush=True)
        while not self.ending:
            self._turn()
        for part in self._parts:
            part.close()
        self._havend.close()

    def _turn(self) -> None:
        ready = self._wait()
        for message in self._havend.read():
            self._hear(message)
        for part in self._parts:
            if part.fileno() in ready:
                part.read()
            part.drive(time.monotonic())

    def _wait(self) -> list[int]:
        self._havend.keep_connected(time.monotonic())
        waiting: list[Source] = [self._havend, *self._parts]
        times = [at for each in waiting if (at := each.next_deadline()) is not None]
        wait = min([LONGEST_WAIT_S, *(at - time.monotonic() for at in times)])
        descriptors = [number for each in waiting if (number := each.fileno()) is not None]
        return select.select(descriptors, [], [], max(0.0, wait))[0]

    def _hear(self, message: dict[str, Any]) -> None:
        event = _event(message)
        if event is not None:
            for part in self._parts:
                part.hear(event)


def _event(message: dict[str, Any]) -> dict[str, Any] | None:
    if "event" in message:
        return dict(message["event"])
    if message.get("prepare"):
        return {"kind": "prepare"}
    if message.get("ok") and "groups" in message["result"]:
        return {"kind": "roles", "groups": message["result"]["groups"]}
    return None
