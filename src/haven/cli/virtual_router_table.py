# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of virtual routers in the status."""

from haven.cli.text import duration, painted, short_duration, wrapped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Document = dict[str, Any]
    Row = list[str]

WIDTH = 80
GAP = "  "
BELOW = "    "
STATES = {"initialize": "Init"}


def table(routers: "list[Document]", now: float, colour: bool = False) -> list[str]:
    """Return a line for each virtual router, or more where its addresses need them."""
    grouped = any(router["group"] != router["name"] for router in routers)
    several = len({router["group"] for router in routers}) > 1
    head = ["NAME", "STATE", "SINCE", "PRIO", "ACTIVE ROUTER", "HEARD"]
    rows = [_row(router, now) for router in routers]
    if grouped and several:
        head.insert(0, "GROUP")
        for row, router in zip(rows, routers, strict=True):
            row.insert(0, router["group"])
    addresses = [_addresses(router) for router in routers]
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    room = WIDTH - sum(widths) - len(GAP) * len(widths)
    beside = room >= max(len(text) for each in addresses for text in each)
    lines = [_line([*head, "ADDRESSES"] if beside else head, widths)]
    for row, router, each in zip(rows, routers, addresses, strict=True):
        column = head.index("STATE")
        first = _line([*row, each[0]] if beside else row, widths)
        lines.append(_paint_state(first, row, widths, column, router["state"], colour))
        if beside:
            indent = " " * (sum(widths) + len(GAP) * len(widths))
            lines += [indent + text for text in each[1:]]
        else:
            lines += wrapped(" ".join(each), WIDTH, BELOW, BELOW)
    return lines


def _row(router: "Document", now: float) -> "Row":
    active = router["active"]
    if active["self"]:
        who, since_heard = "this node", "-"
    elif active["address"] is None:
        who, since_heard = "none heard", "-"
    else:
        who, since_heard = str(active["address"]), heard(active["seen_ms"])
    state = str(router["state"])
    return [
        router["name"],
        STATES.get(state, state.capitalize()),
        short_duration(now - router["since"]),
        _priority(router),
        who,
        since_heard,
    ]


def _priority(router: "Document") -> str:
    if router["priority"] == router["configured_priority"]:
        return str(router["priority"])
    return f"{router['priority']}/{router['configured_priority']}"


def _addresses(router: "Document") -> list[str]:
    found = [str(address) for address in router["addresses"]]
    remark = ""
    if router["state"] == "active" and not router["address_held"]:
        remark = "(not in place)"
    elif router["state"] != "active" and router["address_held"]:
        remark = "(still here)"
    return [*found, remark] if remark else found or ["-"]


def heard(milliseconds: "int | None") -> str:
    """Return how long ago something was heard."""
    if milliseconds is None:
        return "-"
    return f"{milliseconds} ms" if milliseconds < 10000 else duration(milliseconds / 1000)


def _line(cells: "Row", widths: list[int]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=False)]
    return GAP.join([*padded, *cells[len(widths) :]]).rstrip()


def _paint_state(line: str, row: "Row", widths: list[int], column: int, kind: str, colour: bool) -> str:
    # After padding: the codes of a colour have no width on the screen.
    start = sum(widths[:column]) + len(GAP) * column
    end = start + len(row[column])
    return line[:start] + painted(line[start:end], kind, colour) + line[end:]
