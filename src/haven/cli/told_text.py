# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is told, as text: people by notices, Prometheus by metrics."""

from haven.cli.text import duration, wrapped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Document = dict[str, Any]

_WAYS = {"command": "a command", "mail": "e-mail", "ntfy": "ntfy", "webhook": "a webhook"}


def told(status: "Document", width: int) -> list[str]:
    """Return lines on who is told; none where nobody is."""
    lines = []
    for section in (status.get("notify") or {}).get("sections") or ():
        words = "Notifications by %s (%s): %s." % (section["name"], _WAYS[section["way"]], _state(section))
        lines += wrapped(words, width, then="  ")
    metrics = status.get("metrics")
    if metrics and metrics["addresses"]:
        places = ", ".join(metrics["addresses"])
        lines += wrapped("Metrics: port %d at %s." % (metrics["port"], places), width, then="  ")
    return lines


def _state(section: "Document") -> str:
    parts = ["nothing sent yet" if section["sent_s"] is None else "sent %s ago" % duration(section["sent_s"])]
    if section["waiting"]:
        parts.append("%d waiting%s" % (section["waiting"], ", failing" if section["is_failing"] else ""))
    return "; ".join(parts)


def planned(parts: "Document") -> "list[tuple[str, list[tuple[str, str]]]]":
    """Return blocks for `haven plan`, each a title and its rows."""
    found = []
    for section in (parts.get("notify") or {"sections": []})["sections"]:
        rows = [
            ("on", ", ".join(section["on"])),
            ("by", "%s: %s" % (_WAYS[section["way"]], section["to"])),
            ("at most", "once in %s, at most %s long" % tuple(_spans(section))),
        ]
        found.append(("Notifications by %s" % section["name"], rows))
    metrics = parts.get("metrics")
    if metrics:
        places = "port %d at %s" % (metrics["port"], ", ".join(metrics["addresses"]))
        found.append(("Metrics", [("", places)]))
    return found


def _spans(section: "Document") -> list[str]:
    return [duration(section[key] / 1e6) for key in ("interval_us", "timeout_us")]
