# SPDX-License-Identifier: GPL-2.0-or-later
"""What became of each flow, in memory that the flow's process and the test share."""

from pathlib import Path

from tests.lab.columns import shared_columns

FRESH, CONNECTING, ALIVE, RESET, CLOSED, REFUSED, DONE = range(7)


class Sheet:
    """One row a flow; times are CLOCK_MONOTONIC in nanoseconds, the longest stall is a duration."""

    def __init__(self, path: Path, rows: int) -> None:
        self.path, self.rows = path, rows
        self.born, self.progress, self.stall, self.state = shared_columns(path, rows, 4)
