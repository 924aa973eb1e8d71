# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the agent is missed."""

from pathlib import Path

import pytest

from haven.contract.control import PROTOCOL
from haven.contract.problems import problem
from haven.havend import agent_link
from haven.havend.agent_link import SILENCE, AgentLink

NOW = 1 << 40


class Client:
    """A connection that lives."""

    closed = False
    follows = False

    def close(self) -> None:
        """Hang up."""
        self.closed = True


@pytest.fixture
def link(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AgentLink:
    """A link that began now, on a machine with nothing for an agent to do."""
    monkeypatch.setattr(agent_link, "WORK", (str(tmp_path / "ubus"), str(tmp_path / "scripts")))
    monkeypatch.setattr(agent_link.system, "now", lambda: NOW)
    return AgentLink()


def _missed(link: AgentLink, has_parts: bool, now: int) -> bool:
    link.want(("conntrack",) if has_parts else ())
    codes = [each["code"] for each in link.problems(now)]
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


def test_one_whose_place_was_taken_is_hung_up_on_so_that_it_comes_again(link: AgentLink) -> None:
    """It went on reporting to nobody, when whoever had called himself the agent was gone."""
    agent, somebody = Client(), Client()
    link.attach(agent, {"command": "agent"})
    link.attach(agent, {"command": "agent"})
    assert not agent.closed
    link.attach(somebody, {"command": "agent"})
    assert agent.closed and not somebody.closed


def test_one_that_has_gone_vouches_for_nothing(link: AgentLink) -> None:
    client = Client()
    link.attach(client, {"command": "agent"})
    full = {"code": "conntrack-full", "about": "conntrack", "message": "full", "do": ""}
    report = {"command": "report", "in_sync": True, "problems": [full], "conntrack": {"entries": 5}}
    link.take(report, NOW)
    assert link.is_alive(NOW) and link.is_in_sync(NOW) and link.problems(NOW) == [full]
    assert link.accounts(NOW) == {"conntrack": {"entries": 5}} and link.age_ms(NOW + 1000) == 1
    for closed, now in ((False, NOW + SILENCE), (True, NOW)):
        client.closed = closed
        assert not link.is_alive(now) and not link.is_in_sync(now)
        assert link.accounts(now) == {} and link.problems(now) == []


def test_one_that_is_started_again_has_not_said_what_the_one_before_said(link: AgentLink) -> None:
    before, after = Client(), Client()
    report = {"command": "report", "in_sync": True, "problems": [], "conntrack": {"entries": 5}}
    link.want(("conntrack",))
    link.attach(before, {"command": "agent"})
    link.take(report, NOW)
    before.closed = True
    link.attach(after, {"command": "agent"})
    assert not link.is_in_sync(NOW) and link.accounts(NOW) == {}
    assert link.problems(NOW + SILENCE - 1) == []
    assert [each["code"] for each in link.problems(NOW + SILENCE)] == ["agent-silent"]
    link.take(report, NOW)
    assert link.is_in_sync(NOW)


@pytest.mark.parametrize("in_sync", [False, None, 1, "yes"])
def test_in_sync_is_what_the_agent_says_and_nothing_like_it(link: AgentLink, in_sync: object) -> None:
    link.attach(Client(), {"command": "agent"})
    link.take({"command": "report", "in_sync": in_sync, "problems": []}, NOW)
    assert link.is_alive(NOW) and not link.is_in_sync(NOW)


def _report(link: AgentLink, now: int, **told: object) -> list[str]:
    link.take({"command": "report", "in_sync": True, "problems": [], **told}, now)
    return [each["code"] for each in link.problems(now)]


@pytest.mark.parametrize("account", [{}, {"conntrack": {}}, {"conntrack": None}])
def test_a_part_that_the_plan_has_work_for_has_to_be_accounted_for(link: AgentLink, account: dict) -> None:
    link.attach(Client(), {"command": "agent", "protocol": PROTOCOL, "version": "9"})
    link.want(("conntrack",))
    assert _report(link, NOW, **account) == [] and not link.is_in_sync(NOW)
    assert _report(link, NOW, conntrack={"entries": 5}) == [] and link.is_in_sync(NOW)
    # While a part ends and begins anew it has no account; that is no matter for anybody yet.
    assert _report(link, NOW + SILENCE - 1, **account) == [] and not link.is_in_sync(NOW + SILENCE - 1)
    assert _report(link, NOW + SILENCE, **account) == ["part-silent"]
    assert link.problems(NOW + SILENCE)[0]["facts"] == {"part": "conntrack"}


def test_of_an_agent_of_an_earlier_protocol_it_is_said_that_it_is_older(link: AgentLink) -> None:
    link.attach(Client(), {"command": "agent"})
    link.want(("conntrack",))
    assert _report(link, NOW + SILENCE) == ["agent-older"] and not link.is_in_sync(NOW + SILENCE)


def test_why_a_part_is_not_accounted_for_is_not_said_twice(link: AgentLink) -> None:
    link.attach(Client(), {"command": "agent", "protocol": PROTOCOL, "version": "9"})
    link.want(("conntrack",))
    failed = problem("part-failed", "haven-agent", part="conntrack", error="x")
    assert _report(link, NOW + SILENCE, problems=[failed]) == ["part-failed"]


def test_before_there_is_a_second_router_nobody_misses_it(link: AgentLink) -> None:
    link.attach(Client(), {"command": "agent", "protocol": PROTOCOL, "version": "9"})
    silent = problem("conntrack-peer-silent", "conntrack", peers=["192.0.2.3"], device="sync")
    told = {"sync": {"in_sync": False, "conflicts": 0, "alone": True}, "problems": [silent]}
    peer = {"address": "192.0.2.3", "heard_ms": None}
    assert _report(link, NOW, **told, peers=[peer]) == [] and link.accounts(NOW)["peers"] == []
    # One that was heard is missed, whoever is paired; and so is one that is paired.
    for more in ({"peers": [{**peer, "heard_ms": 9000}]}, {"peers": [peer], "sync": {"alone": False}}):
        assert _report(link, NOW, **{**told, **more}) == ["conntrack-peer-silent"]
        assert link.accounts(NOW)["peers"] == more["peers"]
