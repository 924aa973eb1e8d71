# SPDX-License-Identifier: GPL-2.0-or-later
"""The common leases as text: how many are known here and at the other routers, and who answers."""

from haven.cli.text import wrapped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Document = dict[str, Any]


def leases(status: "Document", width: int) -> list[str]:
    """Return lines on leases; none where they are not common."""
    table = status.get("leases")
    if not table:
        return []
    counts = ", ".join([f"{table['known']} known here", *(_there(peer) for peer in table["peers"])])
    return wrapped(" ".join([f"Leases: {counts}.", *_answers(table)]), width, then="  ")


def _there(peer: "Document") -> str:
    if peer["known"] is None:
        return f"{peer['node']} is not reached"
    return f"{peer['known']} at {peer['node']}{'' if peer['in_sync'] else ' so far'}"


def _answers(table: "Document") -> list[str]:
    if not table["serves"]:
        return ["The DHCP server of this router answers nobody now."]
    if not table["holds"]:
        return ["Clients have their leases at once."]
    if table["waited_ms"] is None:
        return []
    return [f"An answer waits {table['waited_ms']:g} ms until the other router knows of it."]
