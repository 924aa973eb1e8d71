# SPDX-License-Identifier: GPL-2.0-or-later
"""A week in which a lot happens: the metrics add up and stay as many, the history stays under its size."""

import random
from collections import Counter
from pathlib import Path
from typing import Any

from haven.contract.history_words import LARGEST
from haven.core.effects import Transition
from haven.core.silence import SILENCES
from haven.havend.last_transitions import LastTransitions
from haven.history.availability import availability
from haven.history.history_file import HistoryFile
from haven.history.pending import WriteLimit
from haven.metrics.exposition import samples
from haven.metrics.metric_texts import metrics_text
from tests.metrics.full_status import full_status
from tests.metrics.test_metric_text import promtool

DAY_S, START = 86_400, 1_800_000_000.0
HOW = ("silence", "unanswered", "session", "resigned", "preempt")


def simulated(days: int) -> list[tuple[float, str, int]]:
    """Return takeovers: when, why, and after how many milliseconds of silence; each is given back."""
    rng = random.Random(7)
    return sorted(
        (START + rng.uniform(0, days * DAY_S), rng.choice(HOW), rng.randrange(1, 4000))
        for _ in range(60 * days)
    )


def status_after(takeovers: list[tuple[float, str, int]]) -> dict[str, Any]:
    last = LastTransitions()
    for _at, reason, silence_ms in takeovers:
        last.record(
            Transition("gateway", "backup", "active", reason, peer=bytes(4), silence=1000 * silence_ms)
        )
        last.counts.add_takeover("gateway", silence_ms)
        last.record(Transition("gateway", "active", "backup", "handed_over", peer=bytes(4)))
    status = full_status()
    status["groups"][0].update(last.counts.report("gateway"))
    return status


def test_the_metrics_of_a_week_add_up_and_are_no_more_than_those_of_a_day() -> None:
    takeovers = simulated(7)
    status = status_after(takeovers)
    text = metrics_text(status)
    assert (promtool("check", "metrics", text=text).stdout, text.count("\n")) == (
        "",
        metrics_text(status_after(simulated(1))).count("\n"),
    )
    told = Counter(
        {values: number for name, values, number in samples(status) if name.endswith("transitions_total")}
    )
    assert sum(told.values()) == 2 * len(takeovers)
    deaths = sum(reason in SILENCES for _at, reason, _ms in takeovers)
    assert f'haven_detection_seconds_count{{group="gateway"}} {deaths}' in text
    assert f'haven_takeover_seconds_count{{group="gateway"}} {len(takeovers)}' in text
    assert len(text) < LARGEST


def test_the_history_of_a_week_stays_under_its_size_and_is_written_seldom(tmp_path: Path) -> None:
    path = tmp_path / "history"
    file, limit, waiting, written = HistoryFile(str(path)), WriteLimit(START), [], 0
    about = {"up": 1.0, "group": "gateway"}
    file.append([{"kind": "begun", "at": START, "up": 1.0, "boot": "one", "node": "r1", "last": None}])
    takeovers = simulated(7)
    for at, reason, silence_ms in takeovers:
        role = {**about, "kind": "role", "at": at, "state": "active", "reason": reason}
        waiting += [role, {**role, "at": at + 9, "state": "backup"}]
        if reason in SILENCES:
            lengths = {"silence_ms": silence_ms, "forward_ms": 2, "outage_ms": silence_ms + 2}
            waiting.append({**about, "kind": "outage", "at": at, "reason": reason, **lengths})
        if not limit.wait_s(at):
            limit.count()
            file.append(waiting)
            waiting, written = [], written + 1
        assert sum(each.stat().st_size for each in tmp_path.iterdir()) <= LARGEST
    found = file.read(at, waiting)
    assert found.damage == {} and written <= 7 * 96 + 6
    outages = [silence_ms + 2 for _at, reason, silence_ms in takeovers if reason in SILENCES]
    month = availability([found.entries], at)["month"]
    assert (month["count"], month["outage_ms"]) == (len(outages), sum(outages))
