# SPDX-License-Identifier: GPL-2.0-or-later
"""The status document as text: is all well, who is Active, since when and why; then the details."""

import textwrap
from typing import Any

from haven.cli.text import ago, duration, painted, table

WIDTH = 80


def render(status: dict[str, Any], now: float, colour: bool = False) -> str:
    """Return a status document as lines for a terminal."""
    lines = [_headline(status, now, colour), ""]
    for group in status["groups"]:
        lines += _group(status, group, now, colour)
    lines += _problems(status, colour)
    return "\n".join(lines).rstrip() + "\n"


def _headline(status: dict[str, Any], now: float, colour: bool) -> str:
    count = len(status["problems"])
    well = "all is well" if not count else "1 problem" if count == 1 else f"{count} problems"
    state = painted(_name(status["state"]), status["state"], colour)
    return f"{status['node']} is {state} since {duration(now - status['since'])}: " + painted(
        well, "problem" if count else "active", colour
    )


def _name(state: str) -> str:
    return {"fault": "in Fault", "maintenance": "in maintenance", "initialize": "not started"}.get(
        state, state.capitalize()
    )


def _group(status: dict[str, Any], group: dict[str, Any], now: float, colour: bool) -> list[str]:
    state = painted(_name(group["state"]), group["state"], colour)
    last = group["last_transition"]
    why = f": {_reason(last)}" if last else ""
    lines = textwrap.wrap(
        f"Group {group['name']} is {state} since {duration(now - group['since'])}{why}",
        WIDTH + (len(state) - len(_name(group["state"]))),
        subsequent_indent="  ",
    )
    if group["maintenance"]:
        lines.append("  In maintenance: it becomes Active only when no other router can be.")
    if group.get("leaving"):
        lines.append("  It is handing over.")
    rows: list[tuple[str, ...]] = [
        ("NAME", "DEVICE", "VRID", "PRIORITY", "ACTIVE ROUTER", "HEARD", "ADDRESSES")
    ]
    rows += [_router(each) for each in status["virtual_routers"] if each["group"] == group["name"]]
    return [*lines, *_wrapped_table(rows), ""]


def _reason(last: dict[str, Any]) -> str:
    text = str(last.get("text") or last["reason"])
    # "gateway: Backup -> Active: the Active was silent" -> what comes last
    return text.split(": ", 2)[-1]


def _router(router: dict[str, Any]) -> tuple[str, ...]:
    active = router["active"]
    if active["self"]:
        who, heard = "this node", "-"
    elif active["address"] is None:
        who, heard = "none heard", "-"
    else:
        who, heard = f"{active['address']} ({active['priority']})", ago(active["seen_ms"])
    priority = str(router["priority"])
    if router["priority"] != router["configured_priority"]:
        priority += f" of {router['configured_priority']}"
    device = router["interface"] or router["device"]
    addresses = " ".join(router["addresses"])
    return router["name"], device, str(router["vrid"]), priority, who, heard, addresses


def _wrapped_table(rows: list[tuple[str, ...]]) -> list[str]:
    lines = table(rows)
    if max(len(line) for line in lines) <= WIDTH:
        return lines
    # Long addresses go on lines of their own, below their virtual router.
    short = table([row[:-1] for row in rows])
    result = [short[0]]
    for line, row in zip(short[1:], rows[1:], strict=True):
        result.append(line)
        result += textwrap.wrap(row[-1], WIDTH, initial_indent="      ", subsequent_indent="      ")
    return result


def _problems(status: dict[str, Any], colour: bool) -> list[str]:
    if not status["problems"]:
        return []
    lines = [painted("Problems", "problem", colour)]
    for each in status["problems"]:
        lines += textwrap.wrap(
            f"{each['about']}: {each['message']}", WIDTH, initial_indent="  - ", subsequent_indent="    "
        )
        lines += textwrap.wrap(each["do"], WIDTH, initial_indent="    -> ", subsequent_indent="       ")
    return lines
