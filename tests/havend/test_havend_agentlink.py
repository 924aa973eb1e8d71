# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the agent is missed."""

from pathlib import Path

import pytest

from haven.havend import agent_link
from haven.havend.agent_link import SILENCE, AgentLink

NOW = 1 << 40


class Client:
    """A connection that lives."""

    closed = False
    follows = False


@pytest.fixture
def link(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AgentLink:
    """A link that began now, on a machine with nothing for an agent to do."""
    monkeypatch.setattr(agent_link, "WORK", (str(tmp_path / "ubus"), str(tmp_path / "scripts")))
    monkeypatch.setattr(agent_link.system, "now", lambda: NOW)
    return AgentLink()


def _missed(link: AgentLink, has_parts: bool, now: int) -> bool:
    codes = [each["code"] for each in link.problems(has_parts, now)]
    assert codes in ([], ["agent-silent"])
    return codes != []


def test_at_the_start_the_agent_has_time(link: AgentLink) -> None:
    assert not _missed(link, True, NOW + SILENCE - 1)
    assert _missed(link, True, NOW + SILENCE)


def test_without_work_nobody_misses_it(link: AgentLink) -> None:
    assert not _missed(link, False, NOW + SILENCE)


@pytest.mark.parametrize("work", ["ubus", "scripts"])
def test_for_ubus_and_for_scripts_it_is_missed_too(link: AgentLink, tmp_path: Path, work: str) -> None:
    (tmp_path / work).mkdir()
    assert _missed(link, False, NOW + SILENCE)
    link.attach(Client(), {"command": "agent"})
    link.take({"command": "report", "in_sync": True, "problems": []}, NOW + SILENCE)
    assert not _missed(link, False, NOW + SILENCE)
    assert _missed(link, False, NOW + 2 * SILENCE)


def test_one_that_has_gone_vouches_for_nothing(link: AgentLink) -> None:
    client = Client()
    link.attach(client, {"command": "agent"})
    problem = {"code": "conntrack-full", "about": "conntrack", "message": "full", "do": ""}
    report = {"command": "report", "in_sync": True, "problems": [problem], "conntrack": {"entries": 5}}
    link.take(report, NOW)
    assert link.is_alive(NOW) and link.is_in_sync(NOW) and link.problems(False, NOW) == [problem]
    assert link.accounts(NOW) == {"conntrack": {"entries": 5}} and link.age_ms(NOW + 1000) == 1
    for closed, now in ((False, NOW + SILENCE), (True, NOW)):
        client.closed = closed
        assert not link.is_alive(now) and not link.is_in_sync(now)
        assert link.accounts(now) == {} and link.problems(False, now) == []


@pytest.mark.parametrize("in_sync", [False, None, 1, "yes"])
def test_in_sync_is_what_the_agent_says_and_nothing_like_it(link: AgentLink, in_sync: object) -> None:
    link.attach(Client(), {"command": "agent"})
    link.take({"command": "report", "in_sync": in_sync, "problems": []}, NOW)
    assert link.is_alive(NOW) and not link.is_in_sync(NOW)
