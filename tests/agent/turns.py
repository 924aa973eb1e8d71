# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent's loop in the hands of a test: turned until something is so, by a clock that the test sets."""

import importlib
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from haven.agent.loop import Loop, Scope
from tests.lab.wait import wait_until

BUDGET_S = 30.0
# What a test waits for may have no descriptor.
LONGEST_WAIT_S = 0.02

# Whoever looks at the time by itself.
CLOCKED = (
    "haven.agent.agent",
    "haven.agent.havend_link",
    "haven.agent.havend_watch",
    "haven.agent.loop",
    "haven.agent.supervisor",
    "haven.agent.conntrack.conntrackd",
    "haven.agent.conntrack.drain",
    "haven.agent.conntrack.peer_accounts",
    "haven.agent.conntrack.table_sync",
    "haven.agent.services.command_runner",
    "haven.agent.services.service_keeper",
)


class Clock:
    """Stands for the module `time`; it stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        """Return the time of the test."""
        return self.now

    def time(self) -> float:
        """Return the time of day, which is everybody's."""
        return time.time()


class Turns:
    """A loop and a scope; what is raised on the scope's account is raised to who turns the loop."""

    def __init__(self, run_dir: Path, clock: Clock) -> None:
        self.clock = clock
        self.loop = Loop()
        self.failures: list[BaseException] = []
        self._scopes: list[Scope] = []
        self.scope = self.another_scope(run_dir)

    def another_scope(self, run_dir: Path) -> Scope:
        """Return a scope of the same loop."""
        scope = Scope(self.loop, str(run_dir), self.failures.append)
        self._scopes.append(scope)
        return scope

    def turn(self, longest: float = LONGEST_WAIT_S) -> None:
        """Do what is ready, and wait a little for it."""
        waking = self.loop.at(self.clock.now + longest, lambda: None)
        self.loop.turn()
        waking.cancel()
        if self.failures:
            raise self.failures.pop()

    def advance(self, seconds: float) -> None:
        """Let time pass, and do what is due then."""
        self.clock.now += seconds
        self.turn(0)

    def step_until(self, condition: Callable[[], object], step: float = 0.25, limit: float = 120) -> float:
        """Let time pass in steps until something is so; return how long that took."""
        began = self.clock.now
        while not condition():
            assert self.clock.now - began <= limit, f"not so after {limit} s"
            self.advance(step)
        return self.clock.now - began

    def until(self, condition: Callable[[], object], what: str) -> object:
        """Turn until something is so, however long that takes by the clock on the wall; return it."""

        def turned() -> object:
            self.turn()
            return condition()

        return wait_until(turned, BUDGET_S, what, interval=0)

    def settle(self) -> None:
        """Turn until nobody watches a descriptor: no child runs and no answer is waited for."""
        self.until(lambda: not self.watched, "nothing is under way")

    @property
    def watched(self) -> int:
        """How many descriptors are watched."""
        return self.loop.count_watched()

    def close(self) -> None:
        """End what is under way."""
        for scope in self._scopes:
            scope.close()
        self.loop.close()


def turn_until(loop: Loop, condition: Callable[[], object], failures: list[BaseException]) -> None:
    """Turn a loop by the clock on the wall until something is so; nothing may have failed by then."""

    def turned() -> object:
        loop.at(time.monotonic() + 0.005, lambda: None)
        loop.turn()
        return condition()

    wait_until(turned, BUDGET_S, "it is so", interval=0)
    assert failures == []


def set_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Give the agent a clock that the test sets."""
    clock = Clock()
    for name in CLOCKED:
        monkeypatch.setattr(importlib.import_module(name), "time", clock)
    return clock
