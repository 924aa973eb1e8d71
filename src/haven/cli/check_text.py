# SPDX-License-Identifier: GPL-2.0-or-later
"""The checks of the status document as text: a line each, with its last answer."""

from haven.cli.text import duration, wrapped
from haven.contract.check_documents import UP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Document = dict[str, Any]

VERDICTS = {"up": "well", "down": "FAILS", "unknown": "not known", "unable": "cannot be made"}


def checks(status: "Document", now: float, width: int) -> list[str]:
    """Return a line for each check; nothing where there is none."""
    found = (status.get("tracking") or {}).get("checks") or []
    return [line for check in found for line in wrapped(_check(check, now), width, then="  ")]


def _check(check: "Document", now: float) -> str:
    verdict = VERDICTS.get(check["state"], check["state"])
    lasting = duration(now - check["since"])
    parts = [f"Check {check['name']} ({check['kind']} {check['target']}): {verdict} for {lasting}"]
    if check["answered_at"] is None:
        parts.append("no answer yet")
    elif check["state"] == UP and check["latency_ms"] is not None:
        parts.append(f"last answer after {check['latency_ms']:g} ms")
    else:
        parts.append(f"last answer {duration(now - check['answered_at'])} ago")
    if check["error"]:
        parts.append(check["error"])
    return "; ".join(parts)
