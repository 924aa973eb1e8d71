# SPDX-License-Identifier: GPL-2.0-or-later
"""`haven history` as a person reads it, and what `haven status` says of drills."""

import json
import time
from typing import Any

import pytest

from haven.cli import history_command
from haven.cli.drill_text import drills
from haven.cli.history_text import render
from haven.cli.main import main
from haven.cli.usage import Request
from haven.contract.history_words import check_entry
from haven.history.view import on_our_clock, view

NOW = time.mktime((2026, 11, 22, 12, 0, 0, 0, 0, -1))
DAY = 86_400.0


def begun(at: float, boot: str = "one", last: float | None = None) -> dict[str, Any]:
    return {"kind": "begun", "at": at, "up": 9, "boot": boot, "node": "r1", "last": last}


def role(at: float, state: str) -> dict[str, Any]:
    return {"kind": "role", "at": at, "up": 9, "group": "gateway", "state": state, "reason": "silence"}


def outage(at: float, outage_ms: int) -> dict[str, Any]:
    more = {"silence_ms": outage_ms, "forward_ms": 0, "outage_ms": outage_ms}
    return {"kind": "outage", "at": at, "up": 9, "group": "gateway", "reason": "unanswered", **more}


def drill(at: float, **more: Any) -> dict[str, Any]:
    leg = {"from": "r1", "to": "r2", "outage_ms": 24.3}
    found = {"kind": "drill", "at": at, "up": 9, "drill": "hard", "groups": ["gateway"], "ok": True}
    found |= {"code": "done", "facts": {}, "legs": [leg], "before": 9, "after": 9, "missing": []}
    return {**found, **more}


def answer(node: str, *entries: dict[str, Any], **damage: int) -> dict[str, Any]:
    for entry in entries:
        check_entry(entry)
    return {"version": 1, "node": node, "at": NOW, "entries": list(entries), "damage": damage}


@pytest.fixture
def document() -> dict[str, Any]:
    """A day on which r1 lost its power at noon and came back two hours later."""
    cut = NOW - DAY / 2
    first = answer(
        "r1",
        begun(NOW - 3 * DAY),
        role(NOW - 3 * DAY, "active"),
        drill(NOW - 3600),
        begun(cut + 7200, "two", cut),
        role(cut + 7200, "backup"),
        cut=1,
    )
    first["entries"].sort(key=lambda each: each["at"])
    second = answer(
        "r2", begun(NOW - 2 * DAY), role(NOW - 2 * DAY, "backup"), role(cut, "active"), outage(cut, 27)
    )
    second["entries"].append(drill(NOW - 3600.2, up=8))
    return view([first, second], NOW, NOW - DAY)


def test_what_a_router_with_a_newer_haven_has_noted_is_passed_over(monkeypatch: pytest.MonkeyPatch):
    told = answer("r2", begun(NOW - 9), role(NOW - 8, "active"), cut=1)
    told["entries"] += [{"kind": "forecast", "at": NOW, "up": 1}, {"kind": "role", "at": NOW}]
    monkeypatch.setattr(history_command, "ask_node", lambda *_asked: told)
    request = Request()
    request.values["--run-dir"] = ""
    found = history_command._past_of(request, "r2")
    assert [each["kind"] for each in found["entries"]] == ["begun", "role"]
    assert found["damage"] == {"cut": 1, "newer": 2}


def test_the_states_of_each_router_and_what_is_not_known(document: dict[str, Any]):
    first, second = document["nodes"]
    assert [each["state"] for each in first["groups"]["gateway"]] == ["active", "backup"]
    assert [round(end - begin) for begin, end in first["known"]] == [DAY / 2, DAY / 2 - 7200]
    assert [each["state"] for each in second["groups"]["gateway"]] == ["backup", "active"]
    assert document["availability"]["day"]["known_s"] == DAY
    assert document["availability"]["day"]["outage_ms"] == 27


def test_a_drill_that_two_remember_is_one(document: dict[str, Any]):
    assert len(document["drills"]) == 1


def test_it_is_drawn_in_80_columns(document: dict[str, Any]):
    link = {"device": "lan", "family": 4, "heard": 3598, "lost": 2, "jitter_ms": 0.41, "worst_ms": 9.1}
    lines = render({**document, "links": {"r2": [link], "r1": []}}, False).splitlines()
    assert max(len(line) for line in lines) <= 100
    assert lines[1].split() == ["last", "day", "99.99997", "%", "1", "0.03", "s", "1", "d"]
    (first, second) = [line.split("|")[1] for line in lines if line.endswith("|")]
    assert first.strip("#-").isspace() and first.count("#") in (30, 31)
    assert second.replace("#", "") == "-" * second.count("-") and second.endswith("#" * 29)
    assert any("27 ms  r2 took over (unanswered)" in line for line in lines)
    assert any("hard        r1 to r2 24.3 ms" in line for line in lines)
    assert any("3598 heard, 2 lost (0.06 %), jitter 0.41 ms" in line for line in lines)
    assert lines[-1] == "r1: 1 entries were cut short or overwritten"


def test_without_a_past_it_says_so():
    text = render(view([answer("r1")], NOW, NOW - DAY), False)
    assert "Nothing is remembered yet." in text and "last day         -" in text


def test_another_routers_clock_is_brought_to_ours():
    there = on_our_clock(answer("r2", begun(NOW + 100, last=NOW + 90), role(NOW + 130, "backup")), 120.0)
    assert [each["at"] for each in there["entries"]] == [NOW - 20, NOW + 10]
    assert there["entries"][0]["last"] == NOW - 30


def test_the_status_names_the_last_drill_and_the_one_under_way():
    status = {"drill": {"owner": "r1"}, "drills": [drill(NOW - 90)]}
    assert drills(status, NOW, 80) == [
        "A drill is under way, from r1.",
        "Last drill, 1 min 30 s ago (hard): r1 to r2 24.3 ms; well.",
    ]
    failed = drill(NOW - 5, ok=False, code="busy", facts={"error": "r2 drills"}, legs=[])
    assert drills({"drills": [failed]}, NOW, 80) == ["Last drill, 5 s ago (hard): not made; r2 drills."]


@pytest.mark.parametrize(
    "entry",
    [
        drill(NOW, legs=[{}]),
        drill(NOW, ok=False, code="not-well"),
        {**outage(NOW, 5), "count": "many"},
        {**outage(NOW, 5), "at": 10**300},
        {"kind": "month", "at": NOW, "up": 0, "month": "Nov", "known_s": 1, "outage_ms": 0, "count": 0},
        {"kind": "begun", "at": NOW, "up": 0, "boot": "b", "node": "r2", "last": 1e300},
    ],
)
def test_a_router_that_tells_rubbish_hides_no_other(
    entry: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    own, other = answer("r1", begun(NOW - DAY), role(NOW - DAY, "active")), answer("r2")
    other["entries"] = [entry]
    monkeypatch.setattr(history_command, "status_of", lambda _request, node: {"node": node or "r1"})
    monkeypatch.setattr(history_command, "other_nodes", lambda _run_dir: ["r2"])
    monkeypatch.setattr(history_command, "ask_node", lambda _dir, node, _what: own if node == "r1" else other)
    refused = main(["history"])
    said = capsys.readouterr()
    # What is no entry may be one of a newer haven.
    named = said.err.startswith("r2: ") if refused else "\nr2: 1 entries are of a newer haven" in said.out
    assert "r1 gateway" in said.out and named


@pytest.mark.parametrize(
    ("age_s", "words", "drawn_s"),
    [
        (2 * 3600.0, [], 2 * 3600),
        (60.0, [], 3600),
        (9 * DAY, [], DAY),
        (2 * 3600.0, ["--days", "1"], DAY),
    ],
)
def test_a_young_pair_is_drawn_from_its_beginning(
    age_s: float, words: list[str], drawn_s: float, monkeypatch: pytest.MonkeyPatch, capsys: Any
):
    now = time.time()
    past = {**answer("r1", begun(now - age_s), role(now - age_s, "active")), "at": now}
    monkeypatch.setattr(history_command, "status_of", lambda _request, node: {"node": node or "r1"})
    monkeypatch.setattr(history_command, "other_nodes", lambda _run_dir: [])
    monkeypatch.setattr(history_command, "ask_node", lambda _dir, _node, _what: past)
    assert main(["history", "--json", *words]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["at"] - document["since"] == pytest.approx(drawn_s, abs=60)


@pytest.mark.parametrize(
    "days", ["0", "401", "1" * 400, "0001" + "9" * 400, "0" * 9 + "1" * 400, "-1", "1e2", "²"]
)
def test_days_that_are_none_are_refused(days: str, capsys: pytest.CaptureFixture[str]):
    assert main(["history", "--days", days]) == 2
    assert "--days is a number from 1 to 400" in capsys.readouterr().err
