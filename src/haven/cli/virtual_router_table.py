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
    """Return a line for each virtual router, or more where its names or addresses need them."""
    head, rows = _cells(routers, now)
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    # Long names stand above the rest.
    named = head.index("STATE")
    above = named if _width(widths) > WIDTH else 0
    indent, widths = BELOW if above else "", widths[above:]
    addresses = [_addresses(router) for router in routers]
    room = WIDTH - len(GAP) - _width(widths)
    beside = not above and room >= max(len(text) for each in addresses for text in each)
    lines = [GAP.join(head[:above])] if above else []
    lines.append(indent + _line([*head[above:], "ADDRESSES"] if beside else head[above:], widths))
    for row, router, each in zip(rows, routers, addresses, strict=True):
        first = _line([*row[above:], each[0]] if beside else row[above:], widths)
        lines += wrapped(" ".join(row[:above]), WIDTH) if above else []
        lines.append(
            indent + _paint_state(first, row[above:], widths, named - above, router["state"], colour)
        )
        if beside:
            lines += [" " * (_width(widths) + len(GAP)) + text for text in each[1:]]
        else:
            lines += wrapped(" ".join(each), WIDTH, BELOW, BELOW)
    return lines


def _cells(routers: "list[Document]", now: float) -> "tuple[Row, list[Row]]":
    head = ["NAME", "STATE", "SINCE", "PRIO", "ACTIVE ROUTER", "HEARD"]
    rows = [_row(router, now) for router in routers]
    grouped = any(router["group"] != router["name"] for router in routers)
    if not grouped or len({router["group"] for router in routers}) == 1:
        return head, rows
    return ["GROUP", *head], [[router["group"], *row] for router, row in zip(routers, rows, strict=True)]


def _width(widths: list[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)


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
