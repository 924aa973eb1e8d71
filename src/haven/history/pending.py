# SPDX-License-Identifier: GPL-2.0-or-later
"""What is noted and not on the flash yet: in the run directory, where an agent that dies leaves it.

The flash is written seldom: a few times at once, and then four times an hour at the most.
"""

import os

from haven.contract.fields import DocumentError
from haven.contract.history_words import MORE, OUT, check_entry
from haven.contract.strict_json import read_json, write_json
from haven.light import suppress
from haven.plain_file import read_plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from haven.contract.history_words import Entry

# Of what waits; a router whose roles change without end is not to fill its memory.
MOST_WAITING = 100
LARGEST_NOTE = 1 << 18
AT_ONCE, EVERY_S = 6, 900.0


class Pending:
    """The entries that wait, in a file of the run directory."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.entries = read_pending(path)

    def add(self, entry: "Entry") -> None:
        """Note an entry; of too many their number, and how long their outages were."""
        if len(self.entries) < MOST_WAITING:
            self.entries.append(entry)
        else:
            self._count(entry)
        self._write()

    def _count(self, entry: "Entry") -> None:
        last = self.entries[-1]
        if last["kind"] != MORE:
            last = {"kind": MORE, "at": entry["at"], "up": entry["up"], "count": 0, "outage_ms": 0}
            self.entries.append(last)
        last["count"] += 1
        last["outage_ms"] += entry["outage_ms"] if entry["kind"] == OUT else 0

    def clear(self) -> None:
        """Forget them: they are on the flash."""
        self.entries = []
        self._write()

    def _write(self) -> None:
        # Without room in memory there is no second copy of what this process knows.
        with suppress(OSError):
            with open(self._path + ".new", "w") as file:
                file.write("".join([write_json(each) + "\n" for each in self.entries]))
            os.replace(self._path + ".new", self._path)


def read_pending(path: str) -> "list[Entry]":
    """Return what waits, as far as it can be read."""
    found = []
    with suppress(OSError, ValueError, DocumentError):
        for line in read_plain(path, LARGEST_NOTE).splitlines():
            found.append(check_entry(read_json(line)))
    return found


class WriteLimit:
    """How often the flash may be written: `now` is in seconds that only grow."""

    def __init__(self, now: float) -> None:
        self._left, self._since = float(AT_ONCE), now

    def wait_s(self, now: float) -> float:
        """Return after how long the next writing may be."""
        self._left = min(float(AT_ONCE), self._left + (now - self._since) / EVERY_S)
        self._since = now
        return 0.0 if self._left >= 1 else (1 - self._left) * EVERY_S

    def count(self) -> None:
        """Take that it was written."""
        self._left -= 1
