# SPDX-License-Identifier: GPL-2.0-or-later
"""What conntrackd has failed at lately, and that it is over some time after."""

from haven.agent.conntrack.recent_failures import LATELY_S, RecentFailures

NOTHING = {"inject_failed": 0, "lost": 0, "errors": 0, "malformed": 0}


def test_what_was_lost_is_over_after_a_while() -> None:
    failures = RecentFailures()
    failures.record({"lost": 0, "errors": 0}, now=0.0)
    failures.record({"lost": 332, "errors": 1}, now=10.0)
    failures.record({"lost": 333}, now=50.0)
    assert failures.lately(60.0) == {**NOTHING, "lost": 333, "errors": 1}
    assert failures.lately(10.0 + LATELY_S) == {**NOTHING, "lost": 1}
    assert failures.lately(50.0 + LATELY_S) == NOTHING


def test_a_conntrackd_that_has_just_started_has_lost_nothing() -> None:
    failures = RecentFailures()
    failures.record({"lost": 5}, now=0.0)
    failures.started()
    assert failures.lately(1.0) == NOTHING
    failures.record({"lost": 2}, now=2.0)
    assert failures.lately(2.0)["lost"] == 2


def test_without_an_answer_nothing_is_counted() -> None:
    failures = RecentFailures()
    failures.record({"lost": 5}, now=0.0)
    failures.record({}, now=1.0)
    failures.record({"lost": 5}, now=2.0)
    assert failures.lately(2.0)["lost"] == 5
