# SPDX-License-Identifier: GPL-2.0-or-later
"""The plan as the agent reads it: one that it cannot read is named, and nothing is in sync meanwhile."""

import json
from pathlib import Path
from typing import Any

import pytest

from haven import VERSION as RELEASE
from haven.contract.plan import VERSION
from tests.agent.agents import AgentThread
from tests.agent.plans import give_plan, leave, plan_for
from tests.agent.stand_in_havend import AgentLine, StandInHavend

WHOLE = json.dumps(plan_for())


def _heard(line: AgentLine, condition: Any) -> dict[str, Any]:
    line.answer({"lan": "backup"}, protocol=2, version="0.9")
    return line.report(condition)


def _codes(report: dict[str, Any]) -> list[str]:
    return [each["code"] for each in report["problems"]]


@pytest.mark.parametrize(
    ("text", "code", "facts"),
    [
        (WHOLE[:-5], "plan-unread", None),
        ("", "plan-unread", None),
        (json.dumps({**plan_for(), "version": VERSION - 1}), "havend-older", {"version": "0.9"}),
        (json.dumps({**plan_for(), "version": VERSION + 1}), "agent-older", {"version": RELEASE}),
        (json.dumps({**plan_for(), "version": "new"}), "havend-older", {"version": "0.9"}),
    ],
)
def test_a_plan_that_cannot_be_read_is_named_until_it_can_be(
    tmp_path: Path, text: str, code: str, facts: object
) -> None:
    leave(tmp_path, text)
    with StandInHavend(tmp_path) as havend, AgentThread(tmp_path):
        line = havend.accept()
        # Before it has heard havend it does not know its version.
        report = _heard(line, lambda said: facts in (None, said["problems"][0]["facts"]))
        assert _codes(report) == [code] and not report["in_sync"]
        # It is written anew and nobody tells.
        give_plan(tmp_path, plan_for())
        assert _codes(line.report(lambda said: said["in_sync"])) == []


def test_a_plan_that_has_gone_is_missed_where_havend_has_a_group(tmp_path: Path) -> None:
    with StandInHavend(tmp_path) as havend, AgentThread(tmp_path):
        line = havend.accept()
        report = _heard(line, lambda said: _codes(said) == ["plan-unread"])
        assert not report["in_sync"] and "plan.json" in report["problems"][0]["message"]


def test_where_havend_waits_for_its_first_plan_none_is_missed(tmp_path: Path) -> None:
    with StandInHavend(tmp_path) as havend, AgentThread(tmp_path):
        line = havend.accept()
        line.answer({})
        for _ in range(2):
            report = line.report()
            assert _codes(report) == [] and not report["in_sync"]
