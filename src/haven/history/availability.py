# SPDX-License-Identifier: GPL-2.0-or-later
"""For how long there was a gateway, as far as is known: of each span of time, and of each month in short."""

import time

from haven.contract.history_words import BEGUN, MONTH, MORE, OUT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from haven.contract.history_words import Entry

    Span = tuple[float, float]

DAY_S = 86_400.0
# The last so many days.
SPANS = {"day": DAY_S, "month": 30 * DAY_S, "year": 365 * DAY_S}


def known_spans(entries: "Iterable[Entry]", until: float) -> "list[Span]":
    """Return when a router ran, as far as its entries tell; the last span ends at `until`."""
    found: list[Span] = []
    begun: float | None = None
    last = 0.0
    for entry in entries:
        if entry["kind"] == MONTH:
            continue
        at = entry["at"]
        if begun is None:
            begun = at
        elif entry["kind"] == BEGUN and entry["last"] is not None:
            found.append((begun, max(last, min(entry["last"], at))))
            begun = at
        last = at
    if begun is not None:
        found.append((begun, max(last, until)))
    return found


def outages_of(entries: "Iterable[Entry]") -> "list[Entry]":
    """Return the outages, and those that came too fast to be told apart as one."""
    return [each for each in entries if each["kind"] in (OUT, MORE) and each["outage_ms"]]


def availability(histories: "list[list[Entry]]", now: float) -> "dict[str, dict[str, Any]]":
    """Return for each of SPANS what all routers together know: seconds, outages, the share or None."""
    merged = union([span for entries in histories for span in known_spans(entries, now)])
    outages = [each for entries in histories for each in outages_of(entries)]
    months = [[each for each in entries if each["kind"] == MONTH] for entries in histories]
    found = {}
    for name, length in SPANS.items():
        since = now - length
        known_s = sum(max(0.0, end - max(begun, since)) for begun, end in merged)
        out_ms = sum(each["outage_ms"] for each in outages if each["at"] > since)
        count = sum(each.get("count", 1) for each in outages if each["at"] > since)
        old = [[each for each in rows if _begin_of(each["month"]) >= since] for rows in months]
        known_s += max([sum(each["known_s"] for each in rows) for rows in old], default=0.0)
        out_ms += sum(each["outage_ms"] for rows in old for each in rows)
        count += sum(each["count"] for rows in old for each in rows)
        # What two routers know twice is no more than all of it.
        found[name] = _share(min(known_s, length), out_ms, count)
    return found


def _share(known_s: float, outage_ms: int, count: int) -> "dict[str, Any]":
    share = max(0.0, 1 - outage_ms / 1000 / known_s) if known_s > 0 else None
    return {"known_s": round(known_s), "outage_ms": outage_ms, "count": count, "share": share}


def union(spans: "Iterable[Span]") -> "list[Span]":
    """Return spans of which none touches another, in their order."""
    found: list[Span] = []
    for begun, end in sorted(spans):
        if found and begun <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begun, end))
    return found


def months_of(entries: "list[Entry]", until: "float | None") -> "list[Entry]":
    """Return what is to be kept of entries, one for each month; what they end with lasts to `until`."""
    sums: dict[str, list[float]] = {}
    last = max([each["at"] for each in entries if each["kind"] != MONTH], default=0.0)
    for each in entries:
        if each["kind"] == MONTH:
            _add_to(sums, each["month"], each["known_s"], each["outage_ms"], each["count"])
    for begun, end in known_spans(entries, last if until is None else until):
        for month, seconds in _by_month(begun, end):
            _add_to(sums, month, seconds, 0, 0)
    for each in outages_of(entries):
        _add_to(sums, month_of(each["at"]), 0.0, each["outage_ms"], each.get("count", 1))
    return [
        {
            "kind": MONTH,
            "at": last,
            "up": 0,
            "month": month,
            "known_s": round(sums[month][0]),
            "outage_ms": int(sums[month][1]),
            "count": int(sums[month][2]),
        }
        # Older than a year is asked for by nobody.
        for month in sorted(sums)[-13:]
    ]


def _add_to(sums: "dict[str, list[float]]", month: str, known_s: float, outage_ms: int, count: int) -> None:
    found = sums.setdefault(month, [0.0, 0, 0])
    for place, value in enumerate((known_s, outage_ms, count)):
        found[place] += value


def _by_month(begun: float, end: float) -> "Iterable[tuple[str, float]]":
    while begun < end:
        month = month_of(begun)
        until = min(end, _end_of(month))
        yield month, until - begun
        begun = until


def month_of(at: float) -> str:
    """Return the month of a time, in UTC: 2026-11."""
    return "%04d-%02d" % time.gmtime(at)[:2]


def _begin_of(month: str) -> float:
    return _days_before(int(month[:4]), int(month[5:])) * DAY_S


def _end_of(month: str) -> float:
    year, number = int(month[:4]), int(month[5:])
    return _days_before(year + number // 12, number % 12 + 1) * DAY_S


def _days_before(year: int, month: int) -> int:
    """Return the days from 1970 to the first of a month; calendar and datetime are great."""
    # March is the first month of a year whose leap day is its last.
    year, month = (year, month - 3) if month > 2 else (year - 1, month + 9)
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * month + 2) // 5 - 719468
