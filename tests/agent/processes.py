# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests ask of processes."""

from pathlib import Path


def lives(pid: int | str) -> bool:
    """Tell whether a process is there and has not ended; one that nobody has buried yet has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
