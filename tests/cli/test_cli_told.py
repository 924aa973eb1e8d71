# SPDX-License-Identifier: GPL-2.0-or-later
"""`haven metrics` and `haven notify`, and what `haven status` says of who is told."""

import json

from haven.cli.status_text import render
from tests.cli.subjects import STATUS, Subject
from tests.havend.plans import section


def test_metrics_are_printed_of_what_havend_says(havend: Subject) -> None:
    said = havend.haven("metrics")
    assert (said.status, said.err) == (0, "")
    lines = said.out.splitlines()
    assert 'haven_node_state{state="active"} 1' in lines and "haven_up 1" in lines
    (taken,) = [line for line in lines if line.startswith("haven_takeover_seconds_count")]
    assert taken.endswith("} 1")
    (reason,) = [line for line in lines if 'reason="nobody"' in line]
    assert reason.startswith("haven_group_transitions_total{") and reason.endswith("} 1")
    assert "gauge-up N:1" in havend.haven("metrics", "--collectd").out


def test_without_havend_the_metrics_say_so(havend: Subject) -> None:
    havend.haven("stop")
    said = havend.haven("metrics")
    assert said.status == 1 and said.out.splitlines()[-1] == "haven_up 0"


def test_a_trial_says_of_each_what_came_of_it(havend: Subject) -> None:
    told = havend.config.parent / "told"
    text = havend.config.read_text()
    text += section("notify", "good", command=f"cat >{told}")
    text += section("notify", "bad", command="echo no route >&2; exit 3")
    text += section("notify", "stuck", command="sleep 60", timeout=1)
    havend.config.write_text(text)
    said = havend.haven("notify")
    assert said.status == 1 and said.err == "haven: not told: 2\n"
    assert said.out.splitlines() == [
        "good: told, by command",
        "bad: no route",
        "stuck: it was not done after 1 s, and ended",
    ]
    assert told.read_text().startswith("haven: this is a trial of 'good'\n")
    assert "r1" in told.read_text() and havend.haven("notify", "good").status == 0
    assert "those of" in havend.haven("notify", "nobody").err


def test_the_status_says_who_is_told() -> None:
    status = json.loads(STATUS.read_text())
    rows = [("phone", "ntfy", 0, 240, False), ("admin", "mail", 2, None, True)]
    keys = ("name", "way", "waiting", "sent_s", "is_failing")
    status["notify"] = {"sections": [dict(zip(keys, row, strict=True)) for row in rows]}
    status["metrics"] = {"port": 9781, "addresses": ["127.0.0.1", "::1"]}
    assert render(status, status["at"]).splitlines()[-3:] == [
        "Notifications by phone (ntfy): sent 4 min ago.",
        "Notifications by admin (e-mail): nothing sent yet; 2 waiting, failing.",
        "Metrics: port 9781 at 127.0.0.1, ::1.",
    ]
