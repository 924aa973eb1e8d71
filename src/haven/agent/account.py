# SPDX-License-Identifier: GPL-2.0-or-later
"""The figures of connections that the agent reports for status."""

from pathlib import Path
from typing import Any

COUNT_FILE = "/proc/sys/net/netfilter/nf_conntrack_count"
LIMIT_FILE = "/proc/sys/net/netfilter/nf_conntrack_max"
# A table this full is close to refusing new connections.
NEARLY_FULL = 0.95


def read_number(path: str) -> int | None:
    """Return the number in a file, or None."""
    try:
        return int(Path(path).read_text())
    except (OSError, ValueError):
        return None


def account(
    figures: dict[str, int], age: float | None, in_sync: bool, restarts: int, several: bool = False
) -> dict[str, Any]:
    """Return the figures that status shows under conntrack."""
    if several:
        # conntrackd takes the numbers of all senders for one's, and finds gaps where there are none.
        figures = {name: value for name, value in figures.items() if name != "lost"}
    return {
        "in_sync": in_sync,
        "entries": read_number(COUNT_FILE),
        "limit": read_number(LIMIT_FILE),
        "heard_ms": None if age is None else int(age * 1000),
        "restarts": restarts,
        **figures,
    }
