# SPDX-License-Identifier: GPL-2.0-or-later
"""The main samples as collectd's exec plug-in takes them; it keeps a file of each series."""

from haven.metrics.metric_table import COUNTER, GAUGE, METRICS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from haven.metrics.gateway_readings import Sample
    from haven.metrics.metric_table import Metric

# collectd's own type: a gauge may be anything, of what only grows it draws the difference.
_TYPES = {GAUGE: "gauge", COUNTER: "derive"}
LONGEST = 63
# Of a state that has one series for each value, the one that a chart is about.
_MAIN_STATES = ("active", "running")


def collectd_text(found: "Iterator[Sample]") -> str:
    """Return lines `PLUGIN-INSTANCE/TYPE-INSTANCE N:NUMBER`, to which the script adds the host."""
    rows = {metric.name: metric for metric in METRICS if metric.drawn}
    return "".join(
        _line(rows[name], values, number)
        for name, values, number in found
        if name in rows and _is_main(rows[name], values)
    )


def _is_main(metric: "Metric", values: "tuple[str, ...]") -> bool:
    return "state" not in metric.labels or values[-1] in _MAIN_STATES


def _line(metric: "Metric", values: "tuple[str, ...]", number: object) -> str:
    if isinstance(number, tuple):
        # The time that all have taken together: what a histogram is, collectd does not know.
        return _put(metric.name, "total_time_in_ms", values, "%d" % round(1000 * number[1]))
    return _put(metric.name, _TYPES[metric.kind], values, "%s" % number)


def _put(name: str, kind: str, values: "tuple[str, ...]", number: str) -> str:
    # Of the labels the first is what it is about: a chart has all that is about one thing.
    about = "-".join(["haven", *values[:1]])
    what = "-".join([name.removeprefix("haven_"), *values[1:]])
    return "%s/%s-%s N:%s\n" % (_part(about), kind, _part(what), number)


def _part(text: str) -> str:
    """Return a part of an identifier, in which a slash would begin the next."""
    return "".join(char if char.isalnum() or char in "-_." else "_" for char in text)[:LONGEST]
