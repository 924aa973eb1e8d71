# SPDX-License-Identifier: GPL-2.0-or-later
"""WireGuard interfaces, as lines of the status and of the plan."""

from haven.cli.text import count, wrapped
from haven.contract.wireguard_words import STATES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Document = dict[str, Any]


def tunnels(status: "Document", width: int) -> list[str]:
    """Return a line or two for each interface; a status of another release may tell of none."""
    told = status.get("wireguard")
    found = told.get("tunnels") if isinstance(told, dict) else None
    return [line for tunnel in found or () for line in wrapped(_sentence(tunnel), width)]


def _sentence(tunnel: "Document") -> str:
    state = STATES.get(tunnel["state"]) or str(tunnel["state"])
    known = f"{count(tunnel['known'], 'peer')} whose place is known"
    return f"WireGuard {tunnel['name']}: {tunnel['interface']}: {state}, {known}."


def planned(tunnel: "Document") -> "list[tuple[str, str]]":
    """Return what happens to an interface with the role of its group, as labels and texts."""
    name = tunnel["device"]
    return [
        ("group", tunnel["group"]),
        ("takeover", f"set {name} up, and call the peers where they were last"),
        ("release", f"set {name} down"),
    ]
