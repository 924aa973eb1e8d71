# SPDX-License-Identifier: GPL-2.0-or-later
"""The numbered datagrams' times, in memory that sender, server and test share."""

import mmap
from pathlib import Path

SENT, ARRIVED, BACK = 0, 1, 2
COLUMNS = 3


class Tape:
    """Three columns of CLOCK_MONOTONIC nanoseconds, one row a datagram; 0 is never."""

    def __init__(self, path: Path, rows: int) -> None:
        self.path, self.rows = path, rows
        size = rows * COLUMNS * 8
        with open(path, "a+b") as file:
            file.truncate(size)
            self._map = mmap.mmap(file.fileno(), size)
        whole = memoryview(self._map).cast("q")
        columns = [whole[n * rows : (n + 1) * rows] for n in range(COLUMNS)]
        self.sent, self.arrived, self.back = columns
