# SPDX-License-Identifier: GPL-2.0-or-later
"""The copy of connections as text: how many are here and at the peers, and what went wrong."""

from haven.cli.text import count, duration, wrapped
from haven.contract.freshness import is_fresh_peer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Document = dict[str, Any]

# conntrackd's figures that stay as they are where all is well: (key, noun, what follows it).
FAILURES = (
    ("inject_failed", "connection", " that this kernel did not take"),
    ("lost", "message", " lost"),
    ("errors", "error", " of receiving"),
    ("malformed", "malformed message", ""),
)
SYNCED: "dict[bool | None, str]" = {True: ", in sync", False: ", not in sync"}


def connections(status: "Document", width: int) -> list[str]:
    """Return lines on the copy of connections; none where nothing is copied."""
    table = status["conntrack"]
    if not table:
        return []
    parts = [_here(table, _is_copy(status)), *(_there(peer) for peer in status["peers"])]
    if _is_copy(status):
        parts += _failures(table)
    return wrapped(" ".join(parts), width, then="  ")


def _failures(table: "Document") -> list[str]:
    # Of an agent that does not tell it, nobody knows when that was.
    lately = table.get("lately")
    if not lately:
        return []
    found = [count(lately[key], noun) + rest for key, noun, rest in FAILURES if lately.get(key)]
    if not found:
        return []
    when = duration(lately["for_s"])
    return [
        f"In the last {when} conntrackd counted {', '.join(found)}: the copy lacks what these were "
        "about until it is renewed (option renew)."
    ]


def _is_copy(status: "Document") -> bool:
    return "active" not in [group["state"] for group in status["groups"]]


def _here(table: "Document", is_copy: bool) -> str:
    if table["entries"] is None:
        return "Connections: the kernel tracks none yet."
    share = f"{table['entries']} of {table['limit']}" if table["limit"] else str(table["entries"])
    if not is_copy:
        return f"Connections: {share} here."
    return f"Connections: {share} here, {'' if table['in_sync'] else 'not '}in sync."


def _there(peer: "Document") -> str:
    name = peer.get("node") or peer["address"]
    # The first release did not say whether it is fresh.
    if not peer.get("fresh", is_fresh_peer(peer["heard_ms"], False)):
        return f"The agent of {name} is not heard."
    held = peer.get("entries")
    figure = "an unknown number" if held is None else str(held)
    synced = SYNCED.get(peer.get("in_sync"), "")
    if peer.get("state") == "active":
        synced = ""
    return f"{name} has {figure}{synced}."
