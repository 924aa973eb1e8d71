# SPDX-License-Identifier: GPL-2.0-or-later
"""What havend makes of the checks that an agent tells: news, and nothing out of silence."""

from haven.core.engine import Engine
from haven.havend.check_verdicts import changes
from haven.havend.event_history import EventHistory
from tests.core.wire import group

GROUPS = (group(checks=(("provider", 254),)),)


class Host:
    """An engine with the verdicts that it is told."""

    def __init__(self) -> None:
        self.engine = Engine()
        self.engine.load(GROUPS, 0)
        self.told: list[dict] = []
        self.events = EventHistory(self.told.append)

    def tell(self, *states: str, name: str = "provider") -> list[bool]:
        """Let the agent tell states one after the other; return what is news to the engine."""
        news = []
        for state in states:
            check = {"name": name, "target": "203.0.113.1", "error": "no answer", "state": state}
            for event in changes(self.engine, self.events, GROUPS, {"checks": [check]}):
                self.engine.handle(event, 0)
                news.append(event.up)
        return news


def test_a_verdict_is_news_once():
    assert Host().tell("unknown", "up", "up", "down", "down", "up") == [True, False, True]


def test_an_agent_that_has_just_begun_or_is_gone_takes_nothing_back():
    host = Host()
    assert host.tell("down", "unknown", "unknown") == [False]
    assert list(changes(host.engine, host.events, GROUPS, {})) == []
    assert host.engine.verdict("provider") is False
    assert host.tell("down") == []


def test_one_that_cannot_be_made_counts_as_well_and_proves_nothing():
    assert Host().tell("unable") == [True]
    assert Host().tell("down", "unable") == [False]
    assert Host().tell("unable", "down", "unable", "up") == [True, False, True]


def test_a_check_that_no_group_goes_by_is_nobodys():
    assert Host().tell("down", name="other") == []


def test_a_failure_and_its_end_are_events_and_the_first_success_is_none():
    host = Host()
    host.tell("up", "down", "up")
    assert [event["code"] for event in host.told] == ["check-down", "check-up"]
    assert host.told[0]["text"] == "provider (203.0.113.1) fails: no answer"
