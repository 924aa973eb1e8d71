# SPDX-License-Identifier: GPL-2.0-or-later
"""Samples of what havend itself tells in the status: this node, its groups and virtual routers."""

from haven import VERSION
from haven.contract.counted_transitions import BOUNDS_US

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Document = dict[str, Any]
    # The name of a metric, the values of its labels, and the number. Of a histogram the number is a pair:
    # how many were up to each bound in seconds, the last of them infinite; and the sum.
    Histogram = tuple[list[tuple[float, int]], float]
    Sample = tuple[str, tuple[str, ...], float | Histogram]
    Samples = Iterator[Sample]

# In the order of the pages.
STATES = ("active", "backup", "fault", "initialize", "maintenance")


def of_node(status: "Document") -> "Samples":
    """Yield what is so of the whole router."""
    yield "haven_up", (), 1
    yield "haven_build_info", (status["node"], VERSION), 1
    yield "haven_start_time_seconds", (), round(status.get("at", 0) - status["uptime"], 3)
    for state in STATES:
        yield "haven_node_state", (state,), int(status["state"] == state)
    problems: dict[tuple[str, str], int] = {}
    for each in status["problems"]:
        key = (each["code"], each.get("severity") or "warning")
        problems[key] = problems.get(key, 0) + 1
    for key in sorted(problems):
        yield "haven_problems", key, problems[key]
    for code in sorted({each["code"] for each in status.get("at_risk") or ()}):
        yield "haven_at_risk", (code,), 1


def of_group(group: "Document") -> "Samples":
    """Yield what is so of a group, and what has happened to it."""
    name = group["name"]
    for state in STATES[:-1]:
        yield "haven_group_state", (name, state), int(group["state"] == state)
    yield "haven_group_state_timestamp_seconds", (name,), round(group["since"], 3)
    yield "haven_group_priority_penalty", (name,), group["priority_penalty"]
    yield "haven_group_maintenance", (name,), int(group["maintenance"])
    for each in group.get("transitions") or ():
        kind = (name, each["from"], each["to"], each["reason"])
        yield "haven_group_transitions_total", kind, each["count"]
    detection = group.get("detection")
    if detection:
        after_s = detection["after_ms"] / 1000
        yield "haven_group_expected_detection_seconds", (name, detection["by"]), after_s
    for key, metric in (("detections", "haven_detection_seconds"), ("takeovers", "haven_takeover_seconds")):
        if group.get(key):
            yield metric, (name,), _histogram(group[key])


def _histogram(durations: "Document") -> "Histogram":
    bounds = [*(bound / 1e6 for bound in BOUNDS_US), float("inf")]
    counts, total = [], 0
    for bound, count in zip(bounds, durations["counts"], strict=True):
        total += count
        counts.append((bound, total))
    return counts, durations["sum_us"] / 1e6


def of_router(router: "Document") -> "Samples":
    """Yield what is so of a virtual router, and what it has sent and heard."""
    name, counters = router["name"], router["counters"]
    about = [str(router[key]) for key in ("group", "device", "vrid", "family", "version")]
    yield "haven_virtual_router_info", (name, *about), 1
    yield "haven_virtual_router_priority", (name,), router["priority"]
    yield "haven_virtual_router_address_held", (name,), int(router["address_held"])
    if router["active"]["seen_ms"] is not None:
        silence_s = router["active"]["seen_ms"] / 1000
        yield "haven_virtual_router_active_silence_seconds", (name,), silence_s
    yield "haven_advertisements_sent_total", (name,), counters["sent"]
    yield "haven_advertisements_received_total", (name,), counters["received"]
    for reason in sorted(counters["errors"]):
        yield "haven_advertisements_dropped_total", (name, reason), counters["errors"][reason]
    yield "haven_resignations_sent_total", (name,), counters["priority_zero_sent"]
    yield "haven_resignations_received_total", (name,), counters["priority_zero_received"]
    yield "haven_became_active_total", (name,), counters["became_active"]
    if router.get("router_advert"):
        yield "haven_router_advertisements_sent_total", (name,), router["router_advert"]["sent"]


def of_session(session: "Document") -> "Samples":
    """Yield what is so of a BFD session."""
    name = session["name"]
    yield "haven_bfd_session_up", (name,), int(session["state"] == "Up")
    yield "haven_bfd_packets_sent_total", (name,), session["sent"]
    yield "haven_bfd_packets_received_total", (name,), session["received"]
