# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/machines.md: its tables are what the runs have noted.

A run that has HAVEN_TRIED=FILE notes its rows there; `python -m tests.machines.page FILE...` puts them into
the page. A table of which these runs have nothing stays as it is.
"""

import json
import os
import re
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs/machines.md"
EVENTS = ("switchover", "pulled cable", "reload", "power cut", "connections after a split")
TABLES = {
    "processors": ("processor", "bits, byte order", "Python", "passed", "failed"),
    "devices": ("device", "virtual MAC", *EVENTS),
    "sync": ("the sync link is", *EVENTS),
    "links": ("every link has", "takeovers without a cause", "switchover", "power cut"),
    "wan": ("a WAN by PPPoE", "until the other router is in", "sessions at once, at most"),
    "lacks": ("the kernel lacks", "haven says", "and works"),
    "flash": ("on slow flash and short of memory is", "takeovers without a cause", "its longest silence"),
    "slow": (
        "the router has",
        "advert_interval",
        "boot to Backup",
        "memory",
        "outage",
        "longest gap at rest / forwarding / compiling / conntrackd reads 16 000 connections",
        "takeovers while forwarding",
    ),
}
# How many of the first columns tell what was tried.
KEYS = {"devices": 2, "slow": 2, "processors": 3}


def note(table: str, row: list[str]) -> None:
    """Note a row of a table; a run that nobody wants noted has none."""
    if len(row) != len(TABLES[table]):
        raise ValueError(f"{table} has {len(TABLES[table])} columns: {row}")
    path = os.environ.get("HAVEN_TRIED")
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps([table, row]) + "\n")


def with_rows(page: str, noted: list[tuple[str, list[str]]]) -> str:
    """Return the page with what was noted in place of what stood in these tables."""
    for table in dict.fromkeys(table for table, _row in noted):
        # The last word counts: who was tried once more has another row.
        rows = {tuple(row[: KEYS.get(table, 1)]): row for name, row in noted if name == table}
        lines = [_line(TABLES[table]), "|---" * len(TABLES[table]) + "|", *map(_line, rows.values())]
        place = re.compile(rf"(<!-- {table} -->\n).*?(<!-- /{table} -->)", re.DOTALL)
        if not place.search(page):
            raise ValueError(f"the page has no place for {table}")
        page = place.sub(lambda found: found[1] + "\n".join(lines) + "\n" + found[2], page)  # noqa: B023
    return page


def _line(cells: "tuple[str, ...] | list[str]") -> str:
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Put what the files have into the page."""
    noted = [tuple(json.loads(line)) for path in sys.argv[1:] for line in Path(path).read_text().splitlines()]
    PAGE.write_text(with_rows(PAGE.read_text(), noted))


if __name__ == "__main__":
    main()
