# SPDX-License-Identifier: GPL-2.0-or-later
"""The counter of CARP: what this router says next, and which counters have been said already.

Every implementation begins somewhere by chance or by time and counts up, and most go on from what they hear.
So a counter at or behind one that was heard has been said before, whoever sends it now; far from all that was
heard it is the beginning of another run, as after the restart of a router. OpenBSD does not count at all:
a counter that never grew may come again, from who said it first.

What others say may lag behind what this router says: ucarp reads late, and goes on from what it has read.
"""

NUMBERS = 1 << 64
# Counters that are no further apart are of one run: at 64 a second it is two years.
NEAR = 1 << 32
# Forged packets do not get here, as they have no digest; but routers start again.
MOST_RUNS = 8
# So many words others may be behind.
MOST_SAID = 32


class CounterRun:
    """Counters without a gap that matters; while there is only one, `source` is who said it."""

    def __init__(self, first: int, last: int, source: "bytes | None" = None) -> None:
        self.first = first
        self.last = last
        self.source = source
        # Whether that one was said again.
        self.stands = False

    def go_on(self, number: int) -> None:
        """Take a number that is ahead of all others."""
        self.last, self.source, self.stands = number, None, False


class Counter:
    """The counter of one virtual router; `runs` from the oldest to the newest."""

    def __init__(self, start: int = 0, runs: "list[CounterRun] | None" = None) -> None:
        # What is said next is greater.
        self.start = start % NUMBERS
        self.runs = runs or []
        self._said: list[int] = []

    def highest(self) -> int:
        """Return behind which number nothing is said any more."""
        run = self._own_run()
        if run is None or _ahead(self.start, run.last) < NEAR:
            return self.start
        return run.last

    def next(self, step: int) -> int:
        """Return a number that nobody was heard to say."""
        return (self.highest() + step) % NUMBERS

    def say(self, number: int) -> None:
        """Remember that this router says a number."""
        self.start = number
        self._said = self._said[1 - MOST_SAID :] + [number]

    def leap(self) -> None:
        """Begin another run, for those that take this one for an old one."""
        self.start = (self.highest() + 2 * NEAR) % NUMBERS

    def accept(self, heard: int, source: bytes) -> bool:
        """Take a number that was heard; tell whether it is no replay."""
        own = self._said
        if heard in own or (len(own) == MOST_SAID and _ahead(own[0], heard) < NEAR):
            return False
        for run in self.runs:
            if 0 < _ahead(heard, run.last) < NEAR:
                run.go_on(heard)
                if run is not self.runs[-1]:
                    # The runs of the living are the last to be forgotten.
                    self.runs.remove(run)
                    self.runs.append(run)
                return True
            if _ahead(run.last, heard) < NEAR + _ahead(run.last, run.first):
                run.stands = run.stands or heard == run.last and run.source == source
                return heard == run.last and run.source == source
        self._begin(CounterRun(heard, heard, source))
        return True

    def stands(self, source: bytes) -> bool:
        """Tell whether a router says the same number all the time, so that a replay cannot be told."""
        return any(run.stands and run.source == source for run in self.runs)

    def known(self) -> "list[CounterRun]":
        """Return what the next process is to know: the runs, with what was said before the last words."""
        own, said = self._own_run(), self._said[:1]
        if not said or (own is not None and _ahead(own.last, said[0]) < NEAR):
            return self.runs
        return [run for run in self.runs if run is not own] + [CounterRun(said[0], said[0])]

    def _own_run(self) -> "CounterRun | None":
        for run in self.runs:
            if _ahead(self.start, run.last) < NEAR or _ahead(run.last, self.start) < NEAR:
                return run
        return None

    def _begin(self, run: CounterRun) -> None:
        self.runs = self.runs[1 - MOST_RUNS :] + [run]


def _ahead(number: int, before: int) -> int:
    return (number - before) % NUMBERS
