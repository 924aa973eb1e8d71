# SPDX-License-Identifier: GPL-2.0-or-later
"""Whom a Backup asks, how often, and what it makes of silence; time and answers are the test's."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from haven.core.clock import MILLISECOND, SECOND
from haven.core.effects import Send
from haven.core.spec import GroupSpec
from haven.core.vrrp.advert import Advert, encode
from haven.core.vrrp.states import ACTIVE, BACKUP
from haven.havend import heartbeats
from haven.havend.heartbeat_rules import was_heard
from haven.havend.heartbeats import Heartbeats
from haven.havend.netlink_messages import KernelLink
from tests.core.wire import Wire, group, octets_of, pair, router

PACE = 10 * MILLISECOND


class Sockets:
    """In place of the sockets: who is asked how often, and who answers."""

    def __init__(self) -> None:
        self.asked: dict[str, int] = {}
        self.silent: set[str] = set()
        self.prepared: list[Send] = []

    def prepare(self, effect: Send) -> bool:
        """Make what is not there yet."""
        is_new = not any(effect is each for each in self.prepared)
        self.prepared += [effect] * is_new
        return is_new

    def open(
        self, link: KernelLink, source: bytes, address: bytes, _virtual: bytes | None
    ) -> SimpleNamespace:
        name = link.name

        def ask() -> None:
            self.asked[name] = self.asked.get(name, 0) + 1

        def answers(expected: int, _is_silent: bool) -> int | None:
            return None if name in self.silent else expected

        return SimpleNamespace(
            link=link,
            source=source,
            address=address,
            ask=ask,
            answers=answers,
            ask_everybody=lambda: None,
            close=lambda: None,
            strange=0,
            stranger=None,
            mac=bytes.fromhex("020000000002"),
        )


class Standby:
    """A Backup on the wire, and its heartbeats."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        *specs: Callable[[int], GroupSpec],
        settled: int = 30 * SECOND,
    ) -> None:
        self.wire, self.sockets, self.told = Wire(), Sockets(), []
        self.one, self.node = (
            self.wire.node(name, *(spec(priority) for spec in specs))
            for name, priority in (("one", 200), ("two", 100))
        )
        self.wire.start()
        links = {name: KernelLink(1, name, True, bytes(6), True) for name in ("lan", "wan", "sync")}
        kernel = SimpleNamespace(link=links.get)
        events = SimpleNamespace(add=lambda code, **_facts: self.told.append(code))
        monkeypatch.setattr(heartbeats, "HeartbeatSocket", self.sockets.open)
        monkeypatch.setattr(heartbeats.system, "now", lambda: self.wire.now)
        monkeypatch.setattr(heartbeats.Standbys, "_open", lambda *_: None)
        self.heartbeats = Heartbeats(self.node.engine, kernel, events, self.node.handle, self.sockets.prepare)
        self.run(settled)

    def run(self, duration: int) -> None:
        """Let time pass, with the turns that havend's loop would take."""
        end = self.wire.now + duration
        while self.wire.now < end:
            self.heartbeats.act()
            self.wire.run(
                max(MILLISECOND, min(self.heartbeats.deadline - self.wire.now, end - self.wire.now))
            )

    def next_question(self) -> None:
        """Let time pass until somebody is asked."""
        self.sockets.asked.clear()
        while not self.sockets.asked:
            self.run(MILLISECOND)

    def report(self) -> dict:
        return self.heartbeats.report(self.node.engine.groups["gateway"], self.wire.now)


def both(priority: int) -> GroupSpec:
    return pair(priority=priority, heartbeat_us=PACE)


def test_one_link_is_asked_often_the_other_seldom_and_a_death_is_known_on_both(monkeypatch):
    standby = Standby(monkeypatch, both)
    standby.sockets.asked.clear()
    standby.run(SECOND)
    counts = sorted(standby.sockets.asked.values())
    assert 8 <= counts[0] <= 15 and 90 <= counts[1] <= 110
    assert standby.report()["by"] == "heartbeat" and standby.report()["after_ms"] < 40
    standby.one.power_off()
    standby.sockets.silent = {"lan", "wan"}
    standby.run(40 * MILLISECOND)
    assert standby.node.state() == ACTIVE


@pytest.mark.parametrize("pulled, within", [("lan", 40), ("wan", 150)])
def test_active_that_leaves_as_its_cable_is_pulled_is_followed_at_once(monkeypatch, pulled, within):
    standby = Standby(monkeypatch, both)
    _pull(standby, pulled)
    standby.run(within * MILLISECOND)
    assert standby.node.transitions()[0][1:] == (ACTIVE, "resigned")
    assert standby.wire.active() == ["two"]
    # The kernel of the other one lives, and nobody has said that it was dead.
    standby.run(SECOND)
    standby.sockets.silent = set()
    standby.run(5 * SECOND)
    assert standby.told == []


def test_backup_that_is_not_the_next_waits_for_its_skew_time(monkeypatch):
    standby = Standby(monkeypatch, both)
    monkeypatch.setattr(standby.heartbeats._standbys, "outranks", lambda _member, _now: True)
    standby.run(3 * SECOND)
    _pull(standby, "lan")
    standby.run(500 * MILLISECOND)
    assert standby.node.transitions() == []
    standby.run(200 * MILLISECOND)
    assert standby.node.transitions()[0][1:] == (ACTIVE, "resigned")


def test_who_resigns_and_answers_on_every_link_is_given_its_skew_time(monkeypatch):
    standby = Standby(monkeypatch, both)
    standby.node.forget()
    _say_farewell(standby, "wan")
    standby.run(300 * MILLISECOND)
    assert standby.node.transitions() == []


def test_word_that_was_taken_back_on_one_link_is_none_where_another_brings_nothing(monkeypatch):
    standby = Standby(monkeypatch, both)
    # A switch that swallows multicast: the Active answers there, and is heard on the other link alone.
    standby.wire.cut("lan")
    standby.run(10 * SECOND)
    standby.node.forget()
    heard_at = standby.node.member("wan").heard_at
    standby.run(heard_at + 800 * MILLISECOND - standby.wire.now)
    _say_farewell(standby, "wan")
    standby.run(400 * MILLISECOND)
    assert standby.node.member("wan").heard_at > heard_at
    standby.sockets.silent = {"lan"}
    standby.run(20 * SECOND)
    assert standby.node.transitions() == []


def _say_farewell(standby: Standby, device: str) -> None:
    one = standby.one.member(device)
    advert = Advert(3, one.spec.vrid, 0, SECOND, one.spec.addresses, None, one.spec.checksum)
    message = encode(advert, one.source, one.spec.destinations()[0])
    standby.node.hear(message, one.source, device)


def _pull(standby: Standby, device: str) -> None:
    standby.node.forget()
    standby.wire.cut(device)
    standby.sockets.silent = {device}
    standby.one.set_link(device, False)


def test_what_it_says_of_a_takeover_is_true_from_the_first_moment(monkeypatch):
    standby = Standby(monkeypatch, both, settled=0)
    while standby.report()["by"] != "heartbeat":
        standby.run(5 * MILLISECOND)
    expected = standby.report()["after_ms"]
    standby.one.power_off()
    standby.sockets.silent = {"lan", "wan"}
    standby.run(round(expected) * MILLISECOND + 5 * MILLISECOND)
    assert standby.node.state() == ACTIVE


@pytest.mark.parametrize("silent", ["lan", "wan"])
def test_one_silent_link_moves_nothing(monkeypatch, silent):
    standby = Standby(monkeypatch, both)
    standby.sockets.silent = {silent}
    standby.run(20 * SECOND)
    assert standby.node.state() == BACKUP and standby.report()["by"] == "advertisements"


def _cut_lan(standby: Standby, phase: int) -> None:
    """Cut it so long after an ADVERTISEMENT."""
    member = standby.node.member("wan")
    before = member.heard_at
    while member.heard_at == before:
        standby.run(MILLISECOND)
    standby.run(phase)
    standby.node.forget()
    standby.wire.cut("lan")
    standby.sockets.silent = {"lan"}


@pytest.mark.parametrize("apart", [30, 150, 400, 900])
def test_links_that_fail_one_after_the_other_are_a_death_once_the_last_is_silent(monkeypatch, apart):
    standby = Standby(monkeypatch, both)
    # The Active speaks on the other link in between.
    _cut_lan(standby, 980 * MILLISECOND)
    standby.run(apart * MILLISECOND)
    standby.one.power_off()
    standby.sockets.silent = {"lan", "wan"}
    standby.run(40 * MILLISECOND)
    assert standby.node.transitions()[0][1:] == (ACTIVE, "unanswered")


def test_short_standstill_beside_a_link_that_was_cut_before_is_no_death(monkeypatch):
    standby = Standby(monkeypatch, both)
    _cut_lan(standby, 20 * MILLISECOND)
    standby.run(300 * MILLISECOND)
    standby.sockets.silent = {"lan", "wan"}
    standby.run(10 * MILLISECOND)
    standby.sockets.silent = {"lan"}
    standby.run(5 * SECOND)
    assert standby.node.transitions() == []


def test_what_another_router_says_is_no_sign_of_life_of_the_silent_one(monkeypatch):
    standby = Standby(monkeypatch, both)
    gateway = standby.node.engine.groups["gateway"]
    standby.sockets.silent = {"lan", "wan"}
    standby.run(10 * MILLISECOND)
    asked = standby.heartbeats._counting("gateway", standby.wire.now)
    standby.run(1500 * MILLISECOND)
    assert was_heard(gateway, asked)
    for each in asked:
        each.socket.address = octets_of("192.0.2.77")
    assert not was_heard(gateway, asked)


def test_silent_kernel_whose_router_speaks_is_not_dead_for_long_and_then_borne_with(monkeypatch):
    standby = Standby(monkeypatch, both)
    standby.node.forget()
    standby.sockets.silent = {"lan", "wan"}
    standby.run(20 * SECOND)
    # ARP was dropped from one moment to the other: that is one false alarm, and no flapping.
    assert len([each for each in standby.node.transitions() if each[1] == ACTIVE]) <= 1
    assert standby.node.state() == BACKUP and standby.report()["by"] == "advertisements"


def test_false_alarm_doubles_the_patience_and_is_told(monkeypatch):
    standby = Standby(monkeypatch, both)
    before = standby.report()["after_ms"]
    standby.node.forget()
    standby.sockets.silent = {"lan", "wan"}
    standby.run(40 * MILLISECOND)
    assert standby.node.transitions()[0][1:] == (ACTIVE, "unanswered")
    standby.sockets.silent = set()
    standby.run(30 * SECOND)
    assert standby.node.state() == BACKUP and set(standby.told) == {"heartbeat-false"}
    assert standby.report()["after_ms"] >= before + 15


def test_backup_that_is_not_the_next_asks_seldom_and_still_long_before_vrrp(monkeypatch):
    standby = Standby(monkeypatch, both)
    monkeypatch.setattr(standby.heartbeats._standbys, "outranks", lambda _member, _now: True)
    standby.run(3 * SECOND)
    standby.sockets.asked.clear()
    standby.run(SECOND)
    assert max(standby.sockets.asked.values()) <= 15 and 100 < standby.report()["after_ms"] < 220
    standby.one.power_off()
    standby.sockets.silent = {"lan", "wan"}
    standby.run(150 * MILLISECOND)
    assert standby.node.state() == ACTIVE


def test_what_one_that_asks_seldom_says_of_a_takeover_is_true_in_every_phase(monkeypatch):
    standby = Standby(monkeypatch, lambda priority: group(router(priority=priority), heartbeat_us=PACE))
    monkeypatch.setattr(standby.heartbeats._standbys, "outranks", lambda _member, _now: True)
    standby.run(3 * SECOND)
    expected = round(standby.report()["after_ms"]) * MILLISECOND
    standby.next_question()
    standby.one.power_off()
    died = standby.wire.now
    # What was asked last before it died has an answer, which is read with the next question.
    standby.next_question()
    standby.sockets.silent = {"lan"}
    standby.run(expected - (standby.wire.now - died) + 5 * MILLISECOND)
    assert standby.node.state() == ACTIVE


@pytest.mark.parametrize("outranked, most", [("lan", 15), ("wan", 110)])
def test_of_equals_that_rank_in_opposite_order_on_two_links_one_asks_quickly(monkeypatch, outranked, most):
    standby = Standby(monkeypatch, both)
    monkeypatch.setattr(
        standby.heartbeats._standbys, "outranks", lambda member, _now: member.spec.device == outranked
    )
    standby.run(3 * SECOND)
    standby.sockets.asked.clear()
    standby.run(SECOND)
    assert most - 20 <= max(standby.sockets.asked.values()) <= most


def test_250_virtual_routers_on_two_devices_cost_two_questions_and_are_prepared(monkeypatch):
    def wide(priority: int) -> GroupSpec:
        routers = [
            router(
                "v%d" % number,
                device=("lan", "wan")[number % 2],
                vrid=1 + number // 2,
                priority=priority,
                addresses=(octets_of("192.168.%d.9" % number),),
            )
            for number in range(250)
        ]
        return group(*routers, heartbeat_us=PACE)

    standby = Standby(monkeypatch, wide)
    standby.sockets.asked.clear()
    standby.run(SECOND)
    counts = sorted(standby.sockets.asked.values())
    assert len(counts) == 2 and counts[0] <= 15 and counts[1] <= 110
    # Made beforehand is what is said then.
    said = [member.advertisement() for member in standby.node.engine.groups["gateway"].members]
    assert [id(each) for each in said] == [id(each) for each in standby.sockets.prepared]
    standby.one.power_off()
    standby.sockets.silent = {"lan", "wan"}
    standby.run(40 * MILLISECOND)
    assert standby.node.state() == ACTIVE


def test_answers_of_another_machine_are_shown_for_a_while_and_move_nothing(monkeypatch):
    standby = Standby(monkeypatch, both)
    group = standby.node.engine.groups["gateway"]
    assert standby.heartbeats.problems(group, standby.wire.now) == []
    place, asked = sorted(standby.heartbeats._asked.items())[0]
    answers = asked.socket.answers

    def doubled(expected: int, is_silent: bool) -> int | None:
        asked.socket.strange, asked.socket.stranger = asked.socket.strange + 1, bytes.fromhex("020000000009")
        return answers(expected, is_silent)

    asked.socket.strange = 1
    standby.run(SECOND)
    assert standby.heartbeats.problems(group, standby.wire.now) == []
    asked.socket.answers = doubled
    standby.run(SECOND)
    (found,) = standby.heartbeats.problems(group, standby.wire.now)
    assert found["code"] == "answers-strange" and found["facts"]["mac"] == "02:00:00:00:00:09"
    # After a silence the Active itself may be the one that is taken for another.
    assert "02:00:00:00:00:02 and, " in found["message"]
    assert max(way["strange"] for way in standby.report()["ways"]) > 10
    asked.socket.answers = answers
    standby.run(61 * SECOND)
    assert standby.heartbeats.problems(group, standby.wire.now) == []
    assert standby.node.state() == BACKUP


def test_carrier_that_falls_is_a_reason_to_ask_at_once(monkeypatch):
    standby = Standby(monkeypatch, both)
    standby.sockets.asked.clear()
    standby.heartbeats.hurry("elsewhere")
    standby.run(MILLISECOND)
    assert sum(standby.sockets.asked.values()) <= 1
    standby.sockets.asked.clear()
    standby.heartbeats.hurry("wan")
    standby.run(MILLISECOND)
    assert standby.sockets.asked == {"lan": 1, "wan": 1}
    standby.one.power_off()
    standby.sockets.silent = {"lan", "wan"}
    standby.heartbeats.hurry("wan")
    standby.run(10 * MILLISECOND)
    assert standby.node.state() == BACKUP
    standby.run(12 * MILLISECOND)
    assert standby.node.state() == ACTIVE


def test_carrier_of_a_router_that_lives_moves_nothing(monkeypatch):
    standby = Standby(monkeypatch, both)
    standby.sockets.silent = {"wan"}
    standby.heartbeats.hurry("wan")
    standby.run(SECOND)
    assert standby.node.state() == BACKUP


def test_many_groups_with_one_active_cost_one_question(monkeypatch):
    def alone(number: int) -> Callable[[int], GroupSpec]:
        def made(priority: int) -> GroupSpec:
            address = octets_of("192.168.9.%d" % number)
            name = "v%d" % number
            spec = router(name, device="lan", vrid=number, priority=priority, addresses=(address,))
            return group(spec, name=name, heartbeat_us=PACE)

        return made

    standby = Standby(monkeypatch, *map(alone, range(1, 21)))
    standby.sockets.asked.clear()
    standby.run(SECOND)
    assert set(standby.sockets.asked) == {"lan"} and standby.sockets.asked["lan"] <= 110
    standby.one.power_off()
    standby.sockets.silent = {"lan"}
    standby.run(40 * MILLISECOND)
    assert {each.state for each in standby.node.engine.groups.values()} == {ACTIVE}


@pytest.mark.parametrize(
    "more",
    [{"heartbeat_us": 0}, {"witnesses": (("lan", octets_of("192.168.51.9")),)}, {"majority": 3}],
    ids=["off", "witness", "majority"],
)
def test_nobody_is_asked_where_it_is_off_or_somebody_else_decides(monkeypatch, more):
    standby = Standby(monkeypatch, lambda priority: pair(priority=priority, **{"heartbeat_us": PACE, **more}))
    assert standby.sockets.asked == {}


def test_nobody_is_asked_where_advertisements_are_as_fast(monkeypatch):
    fast = {"advert_interval_us": PACE}
    standby = Standby(
        monkeypatch, lambda priority: group(router(priority=priority, **fast), heartbeat_us=PACE)
    )
    assert standby.sockets.asked == {} and standby.report()["by"] == "advertisements"


def test_stranger_that_says_to_be_active_answers_and_falls_silent_is_not_taken_for_the_active(monkeypatch):
    standby = Standby(monkeypatch, both)
    standby.node.forget()
    stranger = octets_of("192.168.51.66")
    for number in range(20):
        if number == 10:
            standby.sockets.silent = {"lan", "wan"}
        for name in ("lan", "wan"):
            spec = standby.node.member(name).spec
            advert = Advert(3, spec.vrid, 250, SECOND, spec.addresses, None, spec.checksum)
            standby.node.hear(encode(advert, stranger, spec.destinations()[0]), stranger, name)
        standby.run(SECOND // 2)
    assert standby.node.transitions() == []


def test_who_is_outranked_in_one_of_several_groups_asks_seldom_for_all(monkeypatch):
    def other(priority: int) -> GroupSpec:
        members = (router("other", device="lan", vrid=77, priority=priority),)
        return group(*members, name="other", heartbeat_us=PACE)

    standby = Standby(monkeypatch, both, other)
    # A better Backup greets for one virtual router of a place, whatever stands there besides.
    found = standby.heartbeats._standbys
    monkeypatch.setattr(found, "outranks", lambda member, _now: member.spec.name != "other")
    standby.run(2 * SECOND)
    standby.sockets.asked.clear()
    standby.run(SECOND)
    assert max(standby.sockets.asked.values()) <= 15
