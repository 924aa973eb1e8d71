# SPDX-License-Identifier: GPL-2.0-or-later
"""Columns of numbers in a file that several processes have mapped into their memory."""

import mmap
from pathlib import Path


def shared_columns(path: Path, rows: int, count: int) -> list[memoryview]:
    """Map columns of signed 64-bit numbers, all 0 in a file that is new."""
    size = rows * count * 8
    with open(path, "a+b") as file:
        file.truncate(size)
        whole = memoryview(mmap.mmap(file.fileno(), size)).cast("q")
    return [whole[n * rows : (n + 1) * rows] for n in range(count)]
