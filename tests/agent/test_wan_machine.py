# SPDX-License-Identifier: GPL-2.0-or-later
"""When the interface of a WAN is to be up, and what has to be before it."""

import itertools
import random

import pytest

from haven.agent.wan.netifd_status import InterfaceStatus
from haven.agent.wan.wan_machine import (
    AGAIN_S,
    CLEAR,
    DOWN,
    FOUND,
    HANDOVER_S,
    PADT_TIMES,
    PROBE,
    PROBE_LIMIT_S,
    ROLE_S,
    SETTLE_S,
    SILENCE_S,
    UP,
    Act,
    WanMachine,
)

LEASE = {
    "addresses": ["203.0.113.5/24"],
    "prefixes": [],
    "routes": [{"target": "0.0.0.0/0", "via": "203.0.113.1"}],
    "dns": [],
    "left_s": 1800,
}
SESSION = {"id": 7, "peer_mac": "020000000001", "mac": "0200000002aa"}
IDENTITY = {"MAC address": "02:00:00:00:02:aa"}


def facts(state: str, proto: str = "dhcp") -> InterfaceStatus:
    """Return what netifd says of an interface that is down, dialling or up."""
    status = {"proto": proto, "device": "eth1", "up": state == "up", "pending": state == "dials"}
    if state == "up" and proto == "dhcp":
        status["ipv4-address"] = [{"address": "203.0.113.5", "mask": 24}]
        status["route"] = [{"target": "0.0.0.0", "mask": 0, "nexthop": "203.0.113.1"}]
        status |= {"data": {"leasetime": 3600}, "uptime": 1700}
    return InterfaceStatus({**status, "autostart": state != "down"})


def word(is_started: bool, **more: object) -> dict:
    """Return what another router says that has heard of every role so far."""
    told = {"name": "wan", "state": "up" if is_started else "down", "is_started": is_started}
    told |= {"turn": 1, "seen": list(range(10)), "identity": IDENTITY, "lease": None, "session": None}
    return {**told, **more}


def machine(role: str, reason: str = "silence", at: float = 0.0) -> WanMachine:
    made = WanMachine("wan", "gateway", "wan")
    made.take_facts(facts("down"), at)
    made.take_role(role, reason, at)
    return made


def whats(acts: list[Act]) -> list[str]:
    return [act.what for act in acts]


def test_nothing_starts_before_the_role_is_known():
    made = WanMachine("wan", "gateway", "wan")
    assert made.step(0) == []
    made.take_facts(facts("down"), 0)
    assert made.step(0) == [] and made.state == "unknown"
    assert made.step(ROLE_S) == [] and made.state == "down"


def test_an_interface_that_starts_by_itself_is_taken_down_when_no_role_comes():
    made = WanMachine("wan", "gateway", "wan")
    made.take_facts(facts("dials"), 0)
    assert made.step(0) == []
    assert whats(made.step(ROLE_S)) == [DOWN]
    assert made.step(ROLE_S + 0.1) == []
    assert whats(made.step(ROLE_S + AGAIN_S)) == [DOWN]


def test_an_agent_that_is_started_again_does_not_end_what_an_active_has():
    made = WanMachine("wan", "gateway", "wan")
    made.take_facts(facts("up"), 0)
    assert made.step(0) == []
    made.take_role("active", FOUND, 0.1)
    assert made.step(0.1) == [] and made.state == "up"


def test_the_reason_of_a_role_comes_after_the_role():
    made = machine("backup")
    made.hear("r1", word(True), 0)
    made.take_role("active", FOUND, 1)
    made.take_role("active", "resigned", 1)
    made.take_role("active", FOUND, 1.5)
    assert made.step(1 + SILENCE_S) == [] and made.state == "waits"
    assert whats(made.step(1 + HANDOVER_S)) == [UP]


def test_an_active_dials_and_a_standby_does_not():
    assert whats(machine("active").step(0)) == [UP]
    assert machine("backup").step(0) == []


def test_it_waits_until_the_other_one_is_down():
    made = machine("backup")
    made.hear("r1", word(True), 0)
    made.take_role("active", "resigned", 1)
    assert made.step(1) == [] and made.state == "waits" and made.waits_for(1) == "r1"
    made.hear("r1", word(False), 2)
    assert whats(made.step(2)) == [UP]


def test_what_was_said_before_the_roles_changed_is_no_answer():
    made = machine("backup")
    made.hear("r1", word(False, seen=[]), 0)
    made.take_role("active", "resigned", 1)
    assert made.step(1) == [] and made.state == "waits"
    made.hear("r1", word(False, seen=[made.word(1, IDENTITY, None)["turn"]]), 1.1)
    assert whats(made.step(1.1)) == [UP]


def test_it_does_not_wait_for_ever():
    made = machine("backup")
    made.hear("r1", word(True), 0)
    made.take_role("active", "resigned", 1)
    assert made.step(0.9 + HANDOVER_S) == []
    assert whats(made.step(1 + HANDOVER_S)) == [UP]


@pytest.mark.parametrize("reason", ["silence", "unanswered", "session"])
def test_one_that_fell_silent_is_waited_for_only_a_moment(reason: str):
    made = machine("backup")
    made.hear("r1", word(True), 0)
    made.take_role("active", reason, 1)
    assert made.step(1) == []
    assert whats(made.step(1 + SILENCE_S)) == [UP]


def test_one_that_is_gone_is_not_waited_for():
    made = machine("backup")
    made.hear("r1", word(True), 0)
    made.lose("r1")
    made.take_role("active", "silence", 1)
    assert whats(made.step(1)) == [UP]


def test_the_session_of_a_dead_router_is_ended_first():
    made = machine("backup")
    made.hear("r1", word(True, session=SESSION), 0)
    made.lose("r1")
    made.take_role("active", "silence", 1)
    acts = [act for at in PADT_TIMES for act in made.step(1 + at)]
    assert acts == [Act(CLEAR, SESSION, at == 0) for at in PADT_TIMES] and made.state == "clears"
    assert made.step(1 + SETTLE_S - 0.01) == []
    assert whats(made.step(1 + SETTLE_S)) == [UP]


def test_a_provider_that_lets_nobody_in_yet_is_asked_until_it_does():
    made = WanMachine("wan", "gateway", "wan")
    made.take_facts(facts("down", "pppoe"), 0)
    made.take_role("active", "nobody", 0)
    asked = [whats(made.step(at / 20)) for at in range(20)]
    assert asked.count([PROBE]) == 4 and asked.count([]) == 16 and made.state == "clears"
    made.let_in()
    assert whats(made.step(1)) == [UP]


def test_a_provider_that_answers_no_question_is_dialled_in_the_end():
    made = WanMachine("wan", "gateway", "wan")
    made.take_facts(facts("down", "pppoe"), 0)
    made.take_role("active", "nobody", 0)
    made.step(0)
    assert whats(made.step(PROBE_LIMIT_S)) == [UP]


def test_a_router_that_says_it_is_down_has_left_no_session():
    made = machine("backup")
    made.hear("r1", word(True, session=SESSION), 0)
    made.take_role("active", "resigned", 1)
    made.hear("r1", word(False), 1.5)
    assert whats(made.step(1.5)) == [UP]


def test_the_lease_of_another_is_gone_on_with_until_its_end():
    made = machine("backup")
    made.hear("r1", word(True, lease=LEASE), 0)
    assert made.lease(800) == {**LEASE, "left_s": 1000}
    assert made.lease(1800) is None
    made.take_role("active", "silence", 900)
    assert made.lease(900) is not None and not made.is_kept


def test_a_client_that_is_up_keeps_the_lease_itself():
    made = machine("active")
    made.take_facts(facts("up"), 5)
    assert made.is_kept and made.lease(5) == {**LEASE, "left_s": 1900}
    assert made.word(5, IDENTITY, None)["lease"] == {**LEASE, "left_s": 1900}


def test_a_lease_that_the_client_has_lost_is_nobodys():
    made = machine("active")
    made.take_facts(facts("up"), 5)
    made.take_facts(facts("dials"), 6)
    assert made.lease(6) is None


def test_a_standby_tells_no_lease_as_its_own():
    made = machine("backup")
    made.hear("r1", word(True, lease=LEASE), 0)
    assert made.word(1, IDENTITY, None)["lease"] is None


def test_the_last_router_lets_go():
    made = machine("active")
    made.take_facts(facts("up"), 1)
    made.step(1)
    made.is_ending = True
    assert whats(made.step(5)) == [DOWN]
    # It is started again.
    made.take_role("initialize", "stop", 6)
    made.take_facts(facts("down"), 6)
    made.take_role("active", "nobody", 9)
    assert whats(made.step(9)) == [UP]


def test_what_the_provider_would_take_for_another_customer_is_named():
    made = machine("backup")
    made.hear("r1", word(True, identity={"MAC address": "02:00:00:00:02:bb"}), 0)
    assert made.differences(IDENTITY) == [("r1", "MAC address")]
    made.hear("r1", word(True), 1)
    assert made.differences(IDENTITY) == []


def test_two_that_hear_each_other_are_never_up_together():
    """Roles change at random; each hears the other after a while, and netifd takes its time."""
    for seed in range(200):
        Play(random.Random(seed)).run()


class Play:
    """Two routers with one role between them, whose words and orders take a while."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.machines = [machine("backup"), machine("backup")]
        for number, each in enumerate(self.machines):
            each.hear("other", word(False, seen=[]), number)
        self.states = ["down", "down"]
        self.pending: list[tuple[float, int, str]] = []
        self.words: list[tuple[float, int, dict]] = []

    def run(self) -> None:
        active = 0
        self.machines[0].take_role("active", "nobody", 0)
        for tick in itertools.count():
            now = tick / 10
            if now > 60:
                break
            if self.chance.random() < 0.02:
                self.machines[active].take_role("backup", "handed_over", now)
                active = 1 - active
                self.machines[active].take_role("active", "resigned", now)
            self.turn(now)
            assert self.states.count("down") >= 1, (now, self.states)

    def turn(self, now: float) -> None:
        for due in [each for each in self.pending if each[0] <= now]:
            self.pending.remove(due)
            self.states[due[1]] = "down" if due[2] == DOWN else "up"
        for due in [each for each in self.words if each[0] <= now]:
            self.words.remove(due)
            self.machines[due[1]].hear("other", due[2], now)
        for number, each in enumerate(self.machines):
            each.take_facts(facts(self.states[number]), now)
            for act in each.step(now):
                if act.what == UP:
                    self.states[number] = "dials"
                self.pending = [known for known in self.pending if known[1] != number]
                self.pending.append((now + self.chance.uniform(0.1, 1.5), number, act.what))
            self.words.append((now + 0.1, 1 - number, each.word(now, IDENTITY, None)))
