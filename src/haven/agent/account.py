# SPDX-License-Identifier: GPL-2.0-or-later
"""What the agent reports of connections: figures for status, and problems with what to do."""

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


def problem(code: str, message: str, do: str) -> dict[str, str]:
    """Return a problem as status shows it."""
    return {"code": code, "about": "conntrack", "message": message, "do": do}


NOT_INSTALLED = problem(
    "conntrack-missing",
    "conntrackd is not installed, so connections do not survive a takeover.",
    "Install the package conntrackd (conntrack-tools), or disable the conntrack section.",
)


def not_running(failure: str) -> dict[str, str]:
    """Return the problem of a conntrackd that does not run."""
    text = "conntrackd does not run; it is being started again."
    return problem("conntrack-down", f"{text} {failure}".strip(), "Look for its message in the log.")


def peer_silent(peer: str, device: str) -> dict[str, str]:
    """Return the problem of a peer that is not heard."""
    return problem(
        "conntrack-peer-silent",
        f"The conntrackd of {peer} is not heard on {device}: connections are not copied.",
        "See that the other router runs, that the link is up, and that both addresses are right.",
    )


def table_full(count: int, limit: int) -> dict[str, str]:
    """Return the problem of a connection table that is nearly full."""
    return problem(
        "conntrack-full",
        f"The connection table holds {count} of {limit} entries.",
        "Raise nf_conntrack_max on all routers.",
    )


def account(figures: dict[str, int], age: float | None, in_sync: bool, restarts: int) -> dict[str, Any]:
    """Return the figures that status shows under conntrack."""
    return {
        "in_sync": in_sync,
        "entries": read_number(COUNT_FILE),
        "limit": read_number(LIMIT_FILE),
        "heard_ms": None if age is None else int(age * 1000),
        "restarts": restarts,
        **figures,
    }
