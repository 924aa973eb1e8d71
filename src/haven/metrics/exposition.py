# SPDX-License-Identifier: GPL-2.0-or-later
"""The status in Prometheus' text format (version 0.0.4)."""

from haven.metrics import gateway_readings, part_readings
from haven.metrics.metric_table import HISTOGRAM, METRICS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from haven.metrics.gateway_readings import Histogram, Sample
    from haven.metrics.metric_table import Metric

    Document = dict[str, Any]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def samples(status: "Document") -> "Iterator[Sample]":
    """Yield every sample of a status."""
    yield from gateway_readings.of_node(status)
    for group in status["groups"]:
        yield from gateway_readings.of_group(group)
    for router in status["virtual_routers"]:
        yield from gateway_readings.of_router(router)
    for session in status.get("bfd") or ():
        yield from gateway_readings.of_session(session)
    for part in (
        part_readings.of_checks,
        part_readings.of_peers,
        part_readings.of_links,
        part_readings.of_connections,
        part_readings.of_leases,
        part_readings.of_services,
        part_readings.of_ways,
    ):
        yield from part(status)


def exposition(found: "Iterator[Sample]") -> str:
    """Return samples as text, those of a metric together. Raises KeyError for what no row of the table is."""
    by_name: dict[str, list[str]] = {}
    rows = {metric.name: metric for metric in METRICS}
    for name, values, number in found:
        by_name.setdefault(name, []).extend(_lines(rows[name], values, number))
    lines = []
    for metric in METRICS:
        if metric.name in by_name:
            lines += [
                "# HELP %s %s" % (metric.name, metric.help),
                "# TYPE %s %s" % (metric.name, metric.kind),
            ]
            lines += by_name[metric.name]
    return "\n".join(lines) + "\n"


def _lines(metric: "Metric", values: "tuple[str, ...]", number: "float | Histogram") -> list[str]:
    labels = list(zip(metric.labels, values, strict=True))
    if not isinstance(number, tuple):
        return ["%s%s %s" % (metric.name, _labels(labels), _number(number))]
    assert metric.kind == HISTOGRAM
    buckets, total = number
    lines = [
        "%s_bucket%s %d" % (metric.name, _labels([*labels, ("le", _number(bound))]), count)
        for bound, count in buckets
    ]
    lines.append("%s_sum%s %s" % (metric.name, _labels(labels), _number(total)))
    return [*lines, "%s_count%s %d" % (metric.name, _labels(labels), buckets[-1][1])]


def _labels(labels: "list[tuple[str, str]]") -> str:
    if not labels:
        return ""
    return "{%s}" % ",".join('%s="%s"' % (name, _escaped(value)) for name, value in labels)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _number(value: float) -> str:
    if value == float("inf"):
        return "+Inf"
    # No more digits than a double has, and 250 instead of 250.0.
    return "%d" % value if value == int(value) else repr(float(value))
