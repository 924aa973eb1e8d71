# SPDX-License-Identifier: GPL-2.0-or-later
"""One compiler at a time, however many small nodes wait for their plans after a reload: each takes memory."""

from collections.abc import Callable


class CompileQueue:
    """What waits for its turn; whoever had it says so by `end`."""

    def __init__(self) -> None:
        self._waiting: list[Callable[[], None]] = []
        self._is_busy = False

    def add(self, begin: Callable[[], None]) -> None:
        """Call `begin` when nobody else compiles."""
        self._waiting.append(begin)
        self._next()

    def end(self) -> None:
        """Let the next one begin."""
        self._is_busy = False
        self._next()

    def _next(self) -> None:
        if self._waiting and not self._is_busy:
            self._is_busy = True
            self._waiting.pop(0)()
