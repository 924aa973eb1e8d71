# SPDX-License-Identifier: GPL-2.0-or-later
"""The numbered datagrams' times, in memory that sender, server and test share."""

from pathlib import Path

from tests.lab.columns import shared_columns


class Tape:
    """Three columns of CLOCK_MONOTONIC nanoseconds, one row a datagram; 0 is never."""

    def __init__(self, path: Path, rows: int) -> None:
        self.path, self.rows = path, rows
        self.sent, self.arrived, self.back = shared_columns(path, rows, 3)
