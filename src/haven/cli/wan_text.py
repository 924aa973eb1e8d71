# SPDX-License-Identifier: GPL-2.0-or-later
"""The WANs that are dialled, as lines of the status and of the plan."""

from haven.cli.text import duration, wrapped
from haven.contract.wan_words import STATES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Document = dict[str, Any]


def wans(status: "Document", width: int) -> list[str]:
    """Return a line or two for each WAN; a status of another release may tell of none."""
    told = status.get("wan")
    found = told.get("wans") if isinstance(told, dict) else None
    return [line for wan in found or () for line in wrapped(_sentence(wan), width)]


def _sentence(wan: "Document") -> str:
    state = STATES.get(wan["state"]) or str(wan["state"])
    state = state.format(waits_for=wan["waits_for"] or "the other router")
    words = [f"WAN {wan['name']}: {wan['interface']}: {state}"]
    if wan["lease"]:
        words.append(_lease(wan["lease"], wan["state"] == "up"))
    if wan["session"]:
        whose = "session" if wan["state"] == "up" else "the Active's session is"
        words.append(f"{whose} {wan['session']['id']}")
    return ", ".join(words) + "."


def _lease(lease: "Document", is_own: bool) -> str:
    names = ", ".join([*lease["addresses"], *lease["prefixes"]])
    left = "" if lease["left_s"] is None else f" for {duration(lease['left_s'])}"
    return f"{names}{left}" if is_own else f"would go on with {names}{left}"


def planned(wan: "Document") -> "list[tuple[str, str]]":
    """Return what happens to a WAN with the role of its group, as labels and texts."""
    name = wan["interface"]
    return [
        ("group", wan["group"]),
        ("takeover", "set the addresses and routes of the lease that the other router had"),
        (" ", "wait until the other router's interface is down; end a PPPoE session that it left"),
        (" ", f"bring {name} up, which takes over the lease"),
        ("release", f"remove the addresses of the lease, and take {name} down; no lease is released"),
    ]
