# SPDX-License-Identifier: GPL-2.0-or-later
"""The history of a flood still tells how it began."""

from typing import Any

import pytest

from haven.contract.control import Refusal, read_request
from haven.core.clock import NEVER
from haven.havend import event_history
from haven.havend.event_history import COMING_UP, KEPT, EventHistory
from haven.havend.repetitions import BURST, PERIOD


class Clock:
    """Time as the test has it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0
        monkeypatch.setattr(event_history.system, "now", lambda: self.now)
        self.wrong: list[str] = []
        monkeypatch.setattr(event_history, "log", self._log)

    def _log(self, text: str, wrong: bool = False) -> None:
        if wrong:
            self.wrong.append(text)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def change(number: int) -> dict[str, Any]:
    return {
        "group": "lan",
        "from": "backup",
        "to": "active",
        "reason": {"code": "nobody", "facts": {}},
        "n": number,
    }


def test_a_flood_of_transitions_leaves_the_first_and_tells_how_many_there_were(clock: Clock) -> None:
    told: list[Any] = []
    history = EventHistory(told.append)
    history.add("started", node="r1", count=1)
    for number in range(100_000):
        clock.now += PERIOD // 8000
        history.add_transition("lan", change(number))
    clock.now += 2 * PERIOD
    kept = history.events()
    assert len(kept) < 60
    assert kept[0]["code"] == "started"
    first = [event["facts"]["n"] for event in kept if event["code"] == "transition"][:BURST]
    assert first == list(range(BURST))
    held = sum(event["facts"]["count"] for event in kept if event["code"] == "repeated")
    shown = sum(event["code"] == "transition" for event in kept)
    assert held + shown == 100_000
    # Whoever follows goes by each of them.
    assert sum(event["code"] == "transition" for event in told) == 100_000


def test_few_events_are_all_told(clock: Clock) -> None:
    history = EventHistory(lambda _event: None)
    for number in range(40):
        clock.now += PERIOD
        history.add_transition("lan", change(number))
    assert [event["facts"]["n"] for event in history.events()] == list(range(40))


def test_a_full_history_keeps_the_first_and_the_last_of_each_kind(clock: Clock) -> None:
    history = EventHistory(lambda _event: None)
    history.add("started", node="r1", count=1)
    history.add("reloaded", node="r1", count=1)
    for number in range(3 * KEPT):
        clock.now += PERIOD
        history.add_transition("lan", change(number))
    kept = history.events()
    assert len(kept) == KEPT
    assert [event["code"] for event in kept[:3]] == ["started", "reloaded", "transition"]
    assert kept[2]["facts"]["n"] == 0 and kept[-1]["facts"]["n"] == 3 * KEPT - 1
    assert kept[3]["facts"]["n"] > KEPT


LINK = {"code": "link-down", "facts": {"device": "br-lan"}}
ADDRESS = {"code": "link-down", "facts": {"device": "wan"}}


def test_what_a_boot_waits_for_asks_nobody_for_anything(clock: Clock) -> None:
    history = EventHistory(lambda _event: None)
    history.add("started", node="r1", count=2)
    assert history.deadline == NEVER
    history.add("fault", group="gateway", faults=[LINK, ADDRESS])
    history.add("fault", group="gateway", faults=[ADDRESS])
    assert history.deadline == COMING_UP
    clock.now = COMING_UP - 1
    history.add("recovered", group="gateway")
    assert history.deadline == NEVER and clock.wrong == []
    clock.now = COMING_UP
    history.add("fault", group="gateway", faults=[LINK])
    assert clock.wrong == ["gateway: the link of br-lan is down"]


def test_a_fault_that_a_boot_does_not_end_is_said_once(clock: Clock) -> None:
    history = EventHistory(lambda _event: None)
    history.add("started", node="r1", count=1)
    history.add("fault", group="gateway", faults=[LINK, ADDRESS])
    history.add("fault", group="gateway", faults=[LINK])
    history.come_up()
    assert clock.wrong == ["gateway: the link of br-lan is down"] and history.deadline == NEVER


def test_what_the_agent_tells_of_services_is_told_apart_by_the_service(clock: Clock) -> None:
    history = EventHistory(lambda _event: None)
    for number in range(2 * BURST):
        for name in ("dns", "vpn"):
            history.add_noted("service-started", {"service": f"{name}{number % 2}"})
    assert {event["facts"]["service"] for event in history.events()} == {"dns0", "dns1", "vpn0", "vpn1"}
    failure = {"code": "status", "facts": {"action": "start", "status": 1}}
    history.add_noted("service-failed", {"service": "vpn", "failure": failure, "words": "no key"})
    assert clock.wrong == ["service vpn: start: ended with status 1. no key"]


@pytest.mark.parametrize("facts", [{}, {"service": "vpn"}, {"service": "vpn", "failure": {"code": "status"}}])
def test_facts_that_are_not_those_of_the_code_are_no_event(clock: Clock, facts: dict[str, Any]) -> None:
    history = EventHistory(lambda _event: None)
    with pytest.raises(KeyError):
        history.add_noted("service-failed", facts)
    assert history.events() == []


def test_the_agent_adds_no_event_of_havends_own() -> None:
    note = b'{"command": "note", "code": "stopped", "facts": {"node": "r1"}}'
    with pytest.raises(Refusal):
        read_request(note)
    assert read_request(note.replace(b"stopped", b"service-stopped"))["code"] == "service-stopped"
