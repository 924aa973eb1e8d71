# SPDX-License-Identifier: GPL-2.0-or-later
"""The past of a pair for a person at a terminal of 80 columns."""

import time

from haven.cli.text import count, duration, painted
from haven.contract.drill_outcomes import MISSING, OUTCOMES
from haven.contract.history_words import DAMAGE
from haven.contract.message import render as rendered

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Document = dict[str, Any]

WIDTH = 60
MOST_OUTAGES = 10
# What stands for each state in the timeline; a column shows the one of most weight in it.
SIGNS = {"active": "#", "fault": "!", "maintenance": "m", "backup": "-", "initialize": ".", "": " "}
SPANS = (("day", "last day"), ("month", "last 30 days"), ("year", "last 365 days"))


def render(document: "Document", colour: bool) -> str:
    """Return the document of `haven history` as text."""
    lines = _availability(document["availability"])
    lines += ["", *_timeline(document, colour)]
    lines += _outages(document["outages"]) + _drills(document["drills"])
    lines += _links(document.get("links") or {})
    for lane in document["nodes"]:
        lines += [f"{lane['node']}: {_damage(code, number)}" for code, number in lane["damage"].items()]
    return "\n".join(lines) + "\n"


def _availability(spans: "Document") -> list[str]:
    lines = ["AVAILABILITY     SHARE       OUTAGES  WITHOUT GATEWAY  KNOWN"]
    for name, title in SPANS:
        each = spans[name]
        share = "-" if each["share"] is None else f"{100 * each['share']:.5f} %"
        without = f"{each['outage_ms'] / 1000:.2f} s"
        lines.append(f"{title:<16} {share:<11} {each['count']:<8} {without:<16} {duration(each['known_s'])}")
    return lines


def _timeline(document: "Document", colour: bool) -> list[str]:
    begun, end = document["since"], document["at"]
    rows = [
        (f"{lane['node']} {group}", states)
        for lane in document["nodes"]
        for group, states in lane["groups"].items()
    ]
    width = max([len(name) for name, _states in rows], default=0)
    lines = []
    for name, states in rows:
        signs = "".join(painted(SIGNS[each], each, colour) for each in _row(states, begun, end))
        lines.append(f"{name:<{width}} |{signs}|")
    axis = f"{'':<{width}}  {_when(begun):<{WIDTH - 16}}{_when(end):>16}"
    legend = "# Active  - Backup  ! Fault  m maintenance  . Initialize  (blank: not known)"
    return [*lines, axis, legend] if lines else ["Nothing is remembered yet."]


def _row(states: "list[Document]", begun: float, end: float) -> list[str]:
    """Return the state of each column: of several the one that is first among SIGNS."""
    order = list(SIGNS)
    step = (end - begun) / WIDTH
    found = []
    for column in range(WIDTH):
        first, last = begun + column * step, begun + (column + 1) * step
        here = [each["state"] for each in states if each["from"] < last and each["to"] > first]
        found.append(min([each for each in here if each in SIGNS], key=order.index, default=""))
    return found


def _outages(outages: "list[Document]") -> list[str]:
    lines = ["", f"{count(len(outages), 'outage')} in this time"]
    for each in outages[-MOST_OUTAGES:]:
        lines.append(
            f"  {_when(each['at'])}  {each['outage_ms']:>7} ms  {each['node']} took over ({each['reason']})"
        )
    return lines


def _drills(drills: "list[Document]") -> list[str]:
    lines = ["", *[f"{count(len(drills), 'drill')} in this time"]] if drills else []
    for each in drills:
        ways = ", ".join(f"{leg['from']} to {leg['to']} {_ms(leg)}" for leg in each["legs"])
        words = ways if each["ok"] else f"failed: {outcome(each)}"
        lines.append(f"  {_when(each['at'])}  {each['drill']:<10}  {words}")
    return lines


def outcome(drill: "Document") -> str:
    """Return what became of a drill."""
    template = OUTCOMES.get(drill["code"])
    return rendered(template, drill["facts"], {"missing": MISSING}) if template else str(drill["code"])


def _ms(leg: "Document") -> str:
    return "not measured" if leg["outage_ms"] is None else f"{leg['outage_ms']:g} ms"


def _links(links: "dict[str, list[Document]]") -> list[str]:
    rows = [(node, each) for node in sorted(links) for each in links[node]]
    if not rows:
        return []
    lines = ["", "ADVERTISEMENTS OF THE LAST HOUR"]
    for node, each in rows:
        share = 100 * each["lost"] / max(1, each["lost"] + each["heard"])
        lines.append(
            f"  {node} on {each['device']} (IPv{each['family']}): {each['heard']} heard, {each['lost']} lost "
            f"({share:.2f} %), jitter {each['jitter_ms']:g} ms, at most {each['worst_ms']:g} ms"
        )
    return lines


def _damage(code: str, number: "Any") -> str:
    return DAMAGE[code].format(count=number) if code in DAMAGE else f"{code}: {number}"


def _when(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
