# SPDX-License-Identifier: GPL-2.0-or-later
"""What became of each flow, in memory that the flow's process and the test share."""

import mmap
from pathlib import Path

FRESH, CONNECTING, ALIVE, RESET, CLOSED, REFUSED, DONE = range(7)
BORN, PROGRESS, STALL, STATE = range(4)
COLUMNS = 4


class Sheet:
    """One row a flow; times are CLOCK_MONOTONIC in nanoseconds, the longest stall is a duration."""

    def __init__(self, path: Path, rows: int) -> None:
        self.path, self.rows = path, rows
        size = rows * COLUMNS * 8
        with open(path, "a+b") as file:
            file.truncate(size)
            self._map = mmap.mmap(file.fileno(), size)
        whole = memoryview(self._map).cast("q")
        columns = [whole[n * rows : (n + 1) * rows] for n in range(COLUMNS)]
        self.born, self.progress, self.stall, self.state = columns
