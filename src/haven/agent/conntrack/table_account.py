# SPDX-License-Identifier: GPL-2.0-or-later
"""The figures of connections that the agent reports for status, and what they say is the matter."""

from typing import Any

from haven.contract.problems import problem
from haven.kernel_file import read_kernel_file

COUNT_FILE = "/proc/sys/net/netfilter/nf_conntrack_count"
LIMIT_FILE = "/proc/sys/net/netfilter/nf_conntrack_max"
# A table this full is close to refusing new connections.
NEARLY_FULL = 0.95


def count() -> dict[str, Any]:
    """Return how full this kernel's table is."""
    return {"entries": _number(COUNT_FILE), "limit": _number(LIMIT_FILE)}


def milliseconds(age: float | None) -> int | None:
    """Return an age in seconds as status shows it."""
    return None if age is None else int(age * 1000)


def trusted(figures: dict[str, int], several: bool) -> dict[str, int]:
    """Return those of conntrackd's figures that mean something, with one peer or several."""
    # conntrackd takes the numbers of all senders for one's, and finds gaps where there are none.
    return {name: value for name, value in figures.items() if not (several and name == "lost")}


def problems(own: dict[str, Any], peers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what is the matter with the tables, ours and the peers'."""
    count, limit = own["entries"], own["limit"]
    found = []
    for peer in peers:
        there = peer.get("limit")
        if limit and there and limit != there:
            name = peer.get("node") or peer["address"]
            facts = {"limit": limit, "peer": name, "there": there}
            found.append(problem("conntrack-limits-differ", "conntrack", **facts))
    if count and limit and count > NEARLY_FULL * limit:
        found.append(problem("conntrack-full", "conntrack", count=count, limit=limit))
    return found


def _number(path: str) -> int | None:
    try:
        return int(read_kernel_file(path))
    except (OSError, ValueError):
        return None
