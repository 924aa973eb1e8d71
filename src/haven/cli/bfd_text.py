# SPDX-License-Identifier: GPL-2.0-or-later
"""The BFD sessions of the status document as text: a line each."""

from haven.cli.text import duration, wrapped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Document = dict[str, Any]


def bfd(status: "Document", width: int) -> list[str]:
    """Return a line for each session; nothing where there is none."""
    return [line for each in status.get("bfd") or () for line in wrapped(_session(each), width, then="  ")]


def _session(session: "Document") -> str:
    who = f"BFD {session['name']} with {session['address']} on {session['device']}"
    parts = [f"{who}: {session['state']} for {duration(session['for_s'])}"]
    if session["state"] == "Up" and session["detection_ms"] is not None:
        parts.append(f"silence is noticed after {session['detection_ms']:g} ms")
    dropped = sum(filter(None, session["errors"].values()))
    if dropped:
        parts.append(f"{dropped} packets dropped")
    return "; ".join(parts)
