# SPDX-License-Identifier: GPL-2.0-or-later
"""Things that take a while, so many at a time; the others wait for their turn, so many of them."""

from collections.abc import Callable

from haven.contract.control import Refusal

Start = Callable[[], None]


class WaitingLine:
    """Starts at most `at_once` things, and lets at most `waiting` others wait."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._at_once, self._most_waiting = at_once, waiting
        self._running = 0
        self._waiting: list[Start] = []

    def take(self, start: Start) -> None:
        """Start it now or later; `over` has to be called at its end. Raises Refusal when too many wait."""
        if self._running >= self._at_once and len(self._waiting) >= self._most_waiting:
            raise Refusal("busy")
        self._waiting.append(start)
        self._go_on()

    def over(self) -> None:
        """Take that one of them has ended."""
        self._running -= 1
        self._go_on()

    def _go_on(self) -> None:
        while self._waiting and self._running < self._at_once:
            self._running += 1
            self._waiting.pop(0)()
