# SPDX-License-Identifier: GPL-2.0-or-later
"""What is found out in a drill: how long nobody answered, and what has not followed."""

from typing import Any

from haven.contract.drill_outcomes import MISSING
from haven.contract.message import message, render

Document = dict[str, Any]

# Of connections, some end in any second.
KEPT, FEW = 0.9, 5


def leg_of(giver: str, taker: str, outage_ms: float | None, client_ms: float | None) -> Document:
    """Return one way of a drill, with what a client saw where one volunteers."""
    leg = {"from": giver, "to": taker, "outage_ms": outage_ms}
    return leg if client_ms is None else {**leg, "client_ms": client_ms}


def told(leg: Document) -> str:
    """Return the outage of a way as words."""
    words = "outage not measured" if leg["outage_ms"] is None else f"outage {leg['outage_ms']:g} ms"
    return f"{words}, a client's {leg['client_ms']:g} ms" if "client_ms" in leg else words


def followed(before: int | None, after: int | None, missing: list[Document], taker: str) -> str:
    """Return what has followed as words."""
    texts = [render(MISSING[each["code"]], each["facts"], {}) for each in missing]
    if before is not None:
        texts.append(f"connections: {before} before, {after} after")
    return "; ".join(texts) if texts else f"{taker} has all that follows"


def is_active(status: Document, groups: list[str]) -> bool:
    """Tell whether a router is Active for all of the groups; it may not have one of them."""
    found = {each["name"]: each["state"] for each in status["groups"]}
    return all(found.get(name) == "active" for name in groups)


def entries(status: Document) -> int | None:
    """Return how many connections a router knows; None where they are not copied."""
    entries = status["conntrack"].get("entries") if status["conntrack"] else None
    return entries if isinstance(entries, int) else None


def missing_at(taker: str, status: Document, before: Document, count: int | None) -> list[Document]:
    """Return what the taker has not, of what the giver had."""
    found = []
    after = entries(status)
    if count is not None and after is not None and after < KEPT * count - FEW:
        found.append(message("connections", before=count, after=after, node=taker))
    for service in status.get("services") or ():
        if service["wanted"] == "run" and service["is"] != "running":
            found.append(message("service", service=service["name"], node=taker))
    had, has = ((each.get("leases") or {}).get("known") for each in (before, status))
    if had is not None and has is not None and has < had:
        found.append(message("leases", before=had, after=has, node=taker))
    for wan in (status.get("wan") or {}).get("wans") or ():
        if wan.get("state") != "up":
            found.append(message("wan", wan=wan.get("name"), node=taker))
    return found


def without_answer_ms(answers: dict[str, list[float]], since: float) -> float | None:
    """Return from a moment to the first answer after it, of the virtual router that waited longest."""
    waits = []
    for times in answers.values():
        after = [each for each in times if each >= since]
        if after:
            # Who was answered by the other one already waits for nothing.
            waits.append(0.0 if any(each < since for each in times) else after[0] - since)
    return round(1000 * max(waits), 1) if waits else None


def after_last_answer_ms(answers: dict[str, list[float]], until: float) -> float | None:
    """Return from the last answer of the other one to the moment when this one has the addresses."""
    lasts = [max(times) for times in answers.values() if times]
    return round(1000 * max(0.0, until - min(lasts)), 1) if lasts else None
