# SPDX-License-Identifier: GPL-2.0-or-later
"""What `haven status` says of drills."""

from haven.cli.history_text import outcome
from haven.cli.text import duration, wrapped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Document = dict[str, Any]


def drills(status: "Document", now: float, width: int) -> list[str]:
    """Return the drill that is under way, and the last one, where there are any."""
    lines = []
    owner = (status.get("drill") or {}).get("owner")
    if owner:
        lines.append(f"A drill is under way, from {owner}.")
    last = (status.get("drills") or [None])[-1]
    if last is not None:
        ways = ", ".join(_way(leg) for leg in last["legs"])
        words = f"{ways or 'not made'}; {outcome(last)}"
        ago = duration(now - last["at"])
        lines += wrapped(f"Last drill, {ago} ago ({last['drill']}): {words}.", width)
    return lines


def _way(leg: "Document") -> str:
    known = leg["outage_ms"] is not None
    return f"{leg['from']} to {leg['to']} {leg['outage_ms']:g} ms" if known else f"{leg['from']} stayed"
