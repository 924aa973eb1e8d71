# SPDX-License-Identifier: GPL-2.0-or-later
"""How far CARP's counters have come, for the next havend: a file in the run directory, a line for each.

DEVICE FAMILY VHID START FIRST-LAST[@SOURCE] ...

START is far enough ahead that what is said until the file is written again is behind it; each LAST is at or
behind what was heard, so that a router that lives is never taken for a replay of itself.
"""

import os
import time

from haven import paths
from haven.core.carp.counter import NUMBERS, Counter, CounterRun
from haven.core.clock import NEVER, SECOND
from haven.core.spec import CARP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from haven.core.spec import RouterSpec

    Wire = tuple[str, int, int]

# A router says some numbers a second at the most: one that was away for long begins ahead of all of them.
PER_SECOND = 64
# Of 2020: a clock that is behind it has not been set.
NEVER_BEFORE = 1_577_836_800 * PER_SECOND
# What is said between two looks is far less.
RESERVED = 1 << 12
LOOK_EVERY = 10 * SECOND
# What is heard changes with each word, and a replay of the last minute is no more than that.
WRITE_EVERY = 60 * SECOND


class CarpCounters:
    """Keeps the counters that the engine's virtual routers share."""

    def __init__(self, run_dir: str, counters: "dict[Wire, Counter]") -> None:
        self._path = paths.inside(run_dir, paths.CARP_COUNTERS)
        self._counters = counters
        self._kept = self._read()
        self._write_at = 0
        self.deadline = NEVER

    def set_routers(self, specs: "list[RouterSpec]") -> None:
        """Have a counter for each virtual router of CARP, before it says anything."""
        wanted = [spec.wire() for spec in specs if spec.protocol == CARP]
        for wire in wanted:
            if wire not in self._counters:
                self._counters[wire] = self._begun(wire)
        for wire in [wire for wire in self._counters if wire not in wanted]:
            # It may come again with the next plan.
            self._kept[wire] = self._counters.pop(wire)
        self._write()
        self.deadline = 0 if wanted else NEVER

    def _begun(self, wire: "Wire") -> Counter:
        found, by_clock = self._kept.pop(wire, None), int(time.time()) * PER_SECOND
        if by_clock < NEVER_BEFORE:
            # No clock yet: as everybody else begins.
            by_clock = int.from_bytes(os.urandom(7), "big")
        if found is None:
            return Counter(by_clock)
        # A clock that was set back does not bring old numbers back; one that counts elsewhere is left there.
        found.start = max(found.start, by_clock)
        return found

    def keep(self, now: int) -> None:
        """Write what has to be known to the next havend."""
        self.deadline = now + LOOK_EVERY
        if now >= self._write_at or any(self._is_short(wire) for wire in self._counters):
            self._write_at = now + WRITE_EVERY
            self._write()

    def _is_short(self, wire: "Wire") -> bool:
        return (self._counters[wire].highest() - self._reserved[wire]) % NUMBERS < NUMBERS // 2

    def close(self) -> None:
        """Write the last of it."""
        self._write()

    def _write(self) -> None:
        every = dict(self._kept)
        every.update(self._counters)
        self._reserved = {wire: (every[wire].highest() + RESERVED) % NUMBERS for wire in every}
        lines = [_line(wire, self._reserved[wire], every[wire].known()) for wire in sorted(every)]
        # On a full disk a replay may be taken after a restart; the election goes on.
        try:
            with open(self._path + ".new", "w") as file:
                file.write("".join(lines))
            os.rename(self._path + ".new", self._path)
        except OSError:
            return

    def _read(self) -> "dict[Wire, Counter]":
        try:
            with open(self._path) as file:
                return dict([_read_line(line) for line in file.read().split("\n") if line])
        except (OSError, ValueError, IndexError):
            return {}


def _line(wire: "Wire", start: int, runs: "list[CounterRun]") -> str:
    words = ["%s %d %d %d" % (wire + (start,))]
    for run in runs:
        source = "" if run.source is None else "@" + run.source.hex()
        words.append("%d-%d%s" % (run.first, run.last, source))
    return " ".join(words) + "\n"


def _read_line(line: str) -> "tuple[Wire, Counter]":
    words = line.split(" ")
    runs = []
    for word in words[4:]:
        numbers, _mark, source = word.partition("@")
        first, _dash, last = numbers.partition("-")
        runs.append(CounterRun(int(first), int(last), bytes.fromhex(source) if source else None))
    return (words[0], int(words[1]), int(words[2])), Counter(int(words[3]), runs)
