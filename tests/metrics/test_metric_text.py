# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of metrics: what is told, docs/metrics.md, the dashboard, and what Prometheus says of it."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from haven.metrics.exposition import exposition, samples
from haven.metrics.metric_table import METRICS
from haven.metrics.metric_texts import COLLECTD, metrics_text
from tests.metrics.full_status import full_status

DOCS = Path(__file__).parents[2] / "docs"
NAMES = {metric.name for metric in METRICS}
# What Prometheus adds to the name of a histogram, and knows by itself.
ENDS = ("_bucket", "_sum", "_count")
OWN = {"up"}


def promtool(*words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(["promtool", *words], input=text, capture_output=True, text=True, timeout=60)


def test_every_metric_of_the_table_is_told_of_a_status_that_has_all() -> None:
    assert {name for name, _values, _number in samples(full_status())} | {"haven_up"} == NAMES


def test_no_series_is_told_twice() -> None:
    lines = [line.rpartition(" ")[0] for line in metrics_text(full_status()).splitlines()]
    series = [line for line in lines if not line.startswith("#")]
    assert len(series) > 150 and len(set(series)) == len(series)


def test_promtool_finds_nothing() -> None:
    found = promtool("check", "metrics", text=metrics_text(full_status()))
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


def test_promtool_finds_what_is_wrong() -> None:
    wrong = "# HELP haven_up Whether.\n# TYPE haven_up counter\nhaven_up 1\n"
    assert promtool("check", "metrics", text=wrong).returncode != 0


def test_a_histogram_adds_up() -> None:
    lines = [line for line in metrics_text(full_status()).splitlines() if "haven_takeover_seconds" in line]
    assert 'haven_takeover_seconds_bucket{group="gateway",le="0.001"} 0' in lines
    assert 'haven_takeover_seconds_bucket{group="gateway",le="0.0025"} 3' in lines
    assert 'haven_takeover_seconds_bucket{group="gateway",le="+Inf"} 4' in lines
    assert lines[-2:] == [
        'haven_takeover_seconds_sum{group="gateway"} 0.009',
        'haven_takeover_seconds_count{group="gateway"} 4',
    ]


def test_of_drills_the_last_one_counts_with_its_longest_outage() -> None:
    lines = metrics_text(full_status()).splitlines()
    assert 'haven_drill_ok{drill="hard"} 1' in lines
    assert 'haven_drill_outage_seconds{drill="hard"} 0.0315' in lines
    assert 'haven_link_jitter_seconds{device="lan",family="4"} 0.0002' in lines


def test_a_name_may_have_any_letter() -> None:
    odd = iter([("haven_peer_up", ('a"b\\c\nd',), 1)])
    text = exposition(odd)
    assert text.splitlines()[-1] == 'haven_peer_up{node="a\\"b\\\\c\\nd"} 1'
    assert promtool("check", "metrics", text=text).returncode == 0


def test_a_status_of_another_version_and_none_say_so() -> None:
    for status in (None, {"node": "r1"}):
        assert metrics_text(status).splitlines()[-1] == "haven_up 0"


def test_collectd_gets_identifiers_and_values() -> None:
    lines = metrics_text(full_status(), COLLECTD).splitlines()
    shape = re.compile(r"[\w.-]+/(gauge|derive|total_time_in_ms)-[\w.-]+ N:-?\d[\d.e-]*")
    assert [line for line in lines if not shape.fullmatch(line)] == []
    series = [line.split()[0] for line in lines]
    assert len(set(series)) == len(series)
    assert "haven-gateway/gauge-group_state-active N:1" in lines
    assert "haven-lan/derive-advertisements_sent_total N:14" in lines
    assert "haven-gateway/total_time_in_ms-takeover_seconds N:9" in lines


def test_the_manual_has_the_table() -> None:
    table = (
        (DOCS / "metrics.md")
        .read_text()
        .split("| metric | kind | labels | what it says |\n|---|---|---|---|\n")[1]
    )
    rows = [
        f"| `{each.name}` | {each.kind} | {', '.join(f'`{label}`' for label in each.labels)} | {each.help} |"
        for each in METRICS
    ]
    assert table.split("\n\n")[0].splitlines() == rows


# The dashboard and the alerts of the manual


def expressions() -> list[str]:
    dashboard = json.loads((DOCS / "grafana-haven.json").read_text())
    found = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    found += [each["expr"] for each in dashboard["annotations"]["list"] if "expr" in each]
    variables = [each["definition"] for each in dashboard["templating"]["list"] if "definition" in each]
    alerts = re.findall(r"^ +expr: (.*)$", (DOCS / "metrics.md").read_text(), re.M)
    assert len(found) > 20 and len(variables) == 1 and len(alerts) == 3
    return [*found, *variables, *alerts]


def test_each_query_asks_for_metrics_that_there_are() -> None:
    for expression in expressions():
        names = set(re.findall(r"\b(?:haven_\w+|up)\b(?![=\"])", re.sub(r'"[^"]*"', "", expression)))
        bare = {name.removesuffix(end) for name in names for end in ENDS if name.endswith(end)}
        assert names and names - OWN <= NAMES | {name + end for name in bare & NAMES for end in ENDS}, (
            expression
        )


def test_each_query_uses_labels_that_there_are() -> None:
    labels = {label for metric in METRICS for label in metric.labels} | {"instance", "job", "le"}
    for expression in expressions():
        used = set(re.findall(r"[{,]\s*(\w+)\s*(?:=~|!=|=)", expression))
        used |= {
            word for group in re.findall(r"\b(?:by|on) \(([^)]*)\)", expression) for word in group.split(", ")
        }
        assert used <= labels, expression


def test_prometheus_understands_each_query(tmp_path: Path) -> None:
    fixed = {"$__rate_interval": "5m", "$__range": "1d", "$group": "gateway"}
    rules: list[dict[str, Any]] = []
    for number, expression in enumerate(expressions()):
        for word, value in fixed.items():
            expression = expression.replace(word, value)
        if not expression.startswith("label_values"):
            rules.append({"record": f"query:{number}", "expr": expression})
    path = tmp_path / "rules.yml"
    # JSON is YAML.
    path.write_text(json.dumps({"groups": [{"name": "haven", "rules": rules}]}))
    found = promtool("check", "rules", str(path))
    assert found.returncode == 0, found.stdout + found.stderr
    path.write_text(
        json.dumps({"groups": [{"name": "haven", "rules": [{"record": "wrong", "expr": "sum("}]}]})
    )
    assert promtool("check", "rules", str(path)).returncode != 0
