# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent's loop: one epoll and one list of deadlines, in which every part registers what it waits for.

Nothing in it waits by itself. A part registers through a scope of its own, so that all it has asked for goes
with it, and what it raises is its own failure and nobody else's. Times are seconds of time.monotonic().
"""

import heapq
import itertools
import select
import time
from collections.abc import Callable, Sequence
from typing import IO, Any, TypeVar

from haven.agent.calls import CallFailure, ChildCall, ChildEnd, ControlCall
from haven.light import suppress
from haven.paths import AGENT_SOCKET

LONGEST_WAIT_S = 1.0
READ, WRITE = select.EPOLLIN, select.EPOLLOUT

Descriptor = int | IO[Any] | Any
Act = Callable[[], None]
Done = Callable[[Any], None]
Call = TypeVar("Call", ControlCall, ChildCall)


class Timer:
    """Something to do at a time, unless it is cancelled before."""

    def __init__(self, at: float, act: Act) -> None:
        self.at = at
        self.act: Act | None = act

    def cancel(self) -> None:
        """Do nothing after all."""
        self.act = None


class Loop:
    """Waits for descriptors and deadlines."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        # What of each descriptor is waited for, and who is told.
        self._watched: dict[int, tuple[int, Callable[[int], None]]] = {}
        self._timers: list[tuple[float, int, Timer]] = []
        self._numbers = itertools.count()

    def at(self, when: float, act: Act) -> Timer:
        """Do something at a time."""
        timer = Timer(when, act)
        heapq.heappush(self._timers, (when, next(self._numbers), timer))
        return timer

    def turn(self) -> None:
        """Wait for what comes next, and do it."""
        ready = [(number, self._watched.get(number), said) for number, said in self._epoll.poll(self._wait())]
        for number, watched, said in ready:
            # Serving one may have closed another.
            if watched is not None and self._watched.get(number) is watched:
                wanted, tell = watched
                # An error or a hang-up is found out by who reads or writes.
                tell(wanted & said if wanted & said == said else wanted)
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            act = heapq.heappop(self._timers)[2].act
            if act is not None:
                act()

    def _wait(self) -> float:
        while self._timers and self._timers[0][2].act is None:
            heapq.heappop(self._timers)
        first = self._timers[0][0] - time.monotonic() if self._timers else LONGEST_WAIT_S
        return max(0.0, min(first, LONGEST_WAIT_S))

    def watch(self, number: int, wanted: int, tell: Callable[[int], None]) -> None:
        """Tell somebody when a descriptor has octets (READ) or takes them (WRITE). Raises OSError."""
        if number in self._watched:
            self._epoll.modify(number, wanted)
        else:
            self._epoll.register(number, wanted)
        self._watched[number] = wanted, tell

    def forget(self, number: int) -> None:
        """Watch a descriptor no more; it may be closed already."""
        if self._watched.pop(number, None) is not None:
            with suppress(OSError):
                self._epoll.unregister(number)

    def count_watched(self) -> int:
        """Return how many descriptors are watched."""
        return len(self._watched)

    def close(self) -> None:
        """Wait for nothing more."""
        self._epoll.close()


class ScopeClosed(RuntimeError):
    """Something was to be registered for a part that has ended."""


class Scope:
    """What one part has registered with the loop; `failed` is told of what any of it raises.

    After its end it takes nothing more: nobody would end that. Raises ScopeClosed.
    """

    def __init__(self, loop: Loop, run_dir: str, failed: Callable[[BaseException], None]) -> None:
        self._loop = loop
        self._run_dir = run_dir
        self._failed = failed
        self._watched: dict[int, Descriptor] = {}
        self._timers: list[Timer] = []
        self._calls: list[ControlCall | ChildCall] = []
        self._inner: list[Scope] = []
        self.closed = False

    def inner(self) -> "Scope":
        """Return a scope within this one, which can be closed before it."""
        self._require_open()
        made = Scope(self._loop, self._run_dir, self._failed)
        self._inner = [each for each in self._inner if not each.closed] + [made]
        return made

    def close(self) -> None:
        """Forget everything, and end what is under way."""
        self.closed = True
        for inner in self._inner:
            inner.close()
        for call in self._calls:
            call.abandon()
        for timer in self._timers:
            timer.cancel()
        for number in self._watched:
            self._loop.forget(number)
        self._watched.clear()

    def _require_open(self) -> None:
        if self.closed:
            raise ScopeClosed("the part has ended")

    # Descriptors

    def watch(self, descriptor: Descriptor, act: Callable[[int], None], writing: bool = False) -> None:
        """Call `act` with READ, WRITE or both when something can be read, or written as well."""
        self._require_open()
        number = _number(descriptor)

        def guarded(ready: int) -> None:
            self.guard(lambda: act(ready))

        self._loop.watch(number, READ | WRITE if writing else READ, guarded)
        self._watched[number] = descriptor

    def forget(self, descriptor: Descriptor) -> None:
        """Watch a descriptor no more; before it is closed."""
        number = _number(descriptor)
        if self._watched.pop(number, None) is not None:
            self._loop.forget(number)

    # Deadlines

    def at(self, when: float, act: Act) -> Timer:
        """Do something at a time."""
        self._require_open()
        self._timers = [timer for timer in self._timers if timer.act is not None]
        timer = self._loop.at(when, act)

        def guarded() -> None:
            timer.cancel()
            self.guard(act)

        timer.act = guarded
        self._timers.append(timer)
        return timer

    def after(self, seconds: float, act: Act) -> Timer:
        """Do something after a while."""
        return self.at(time.monotonic() + seconds, act)

    def every(self, seconds: float, act: Act) -> None:
        """Do something now, and again and again: whatever has one period wakes the agent once for all."""

        def again() -> None:
            self.at((time.monotonic() // seconds + 1) * seconds, again)
            act()

        again()

    # Calls whose answers take a while

    def ask_havend(self, request: bytes, done: Callable[[Any], None], limit_s: float) -> None:
        """Ask havend something; `done` gets its result or a CallFailure."""
        self._require_open()
        self._begin(lambda ended: ControlCall(self, self._run_dir, request, ended), done, limit_s)

    def ask_agent(self, request: bytes, done: Callable[[Any], None], limit_s: float) -> None:
        """Ask over the agent's own socket what another part of it answers; `done` as above."""
        self._require_open()
        where = (self._run_dir, request)
        self._begin(lambda ended: ControlCall(self, *where, ended, AGENT_SOCKET), done, limit_s)

    def run(
        self,
        argv: Sequence[str],
        done: Callable[[ChildEnd | CallFailure], None],
        limit_s: float,
        stdin: str | None = None,
        **options: Any,
    ) -> ChildCall:
        """Run a program; `done` gets ChildEnd or a CallFailure. Raises OSError when it cannot be started."""
        self._require_open()
        return self._begin(lambda ended: ChildCall(self, argv, stdin, ended, **options), done, limit_s)

    def _begin(self, make: Callable[[Done], Call], done: Done, limit_s: float) -> Call:
        call: Call
        # What came of a call can be great: it goes with its end, not with the end of its time.
        timer = self.after(limit_s, lambda: call.expire())

        def ended(outcome: Any) -> None:
            timer.cancel()
            self._calls = [each for each in self._calls if not each.ended]
            done(outcome)

        try:
            call = make(ended)
        except OSError:
            timer.cancel()
            raise
        if not call.ended:
            self._calls.append(call)
        return call

    def guard(self, act: Act) -> None:
        """Do something on the part's account: what it raises is the part's failure."""
        try:
            act()
        except Exception as error:
            self._failed(error)


def _number(descriptor: Descriptor) -> int:
    return descriptor if isinstance(descriptor, int) else descriptor.fileno()
