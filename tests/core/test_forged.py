# SPDX-License-Identifier: GPL-2.0-or-later
"""What words can do that nobody stands behind: bounded, and noticed."""

from haven.core.clock import MILLISECOND, SECOND
from haven.core.effects import Announce, TakeOver, Transition
from haven.core.events import Flooded, Switchover
from haven.core.trust import MOST_SOURCES
from haven.core.vrrp.states import ACTIVE, BACKUP
from tests.core.duel import PEER, say, two
from tests.core.wire import octets_of

STRANGER = octets_of("10.0.0.66")


def test_two_words_of_a_long_interval_cost_no_more_than_a_dead_active():
    wire, a, b = two(200, 100)
    wire.start()
    wire.run(5 * SECOND)
    for _ in range(2):
        for node in (a, b):
            say(node, 255, STRANGER, 40950 * MILLISECOND)
        wire.run(10 * MILLISECOND)
    assert a.state() == b.state() == BACKUP
    took = wire.run_until(lambda: wire.active() != [])
    assert took < 14 * SECOND


def test_an_interval_is_taken_from_the_active_that_is_followed_alone():
    wire, a, b = two(200, 100)
    wire.start()
    wire.run(5 * SECOND)
    # A word of a lower rival, heard while Active, and one of whoever else.
    say(a, 100, STRANGER, 40950 * MILLISECOND)
    wire.run(SECOND)
    b.power_off()
    say(a, 250, PEER)
    assert a.state() == BACKUP
    took = wire.run_until(lambda: a.state() == ACTIVE)
    assert took < 4 * SECOND


def test_priority_zero_that_is_not_followed_by_silence_is_believed_three_times_a_minute():
    wire, a, b = two(200, 100)
    wire.start()
    wire.run(5 * SECOND)
    b.forget()
    for _ in range(50):
        say(b, 0, a.address("lan"))
        wire.run(100 * MILLISECOND)
    assert len(b.said(TakeOver)) <= 3
    assert b.engine.groups["gateway"].trust.broken_by(wire.now) == a.address("lan")
    assert wire.active() == ["a"]
    # A real end costs an Active_Down_Interval then, and no more.
    a.power_off()
    wire.run(5 * SECOND)
    assert wire.active() == ["b"]


def test_priority_one_in_the_name_of_the_active_is_believed_three_times_a_minute():
    wire, a, b = two(200, 100)
    wire.start()
    wire.run(5 * SECOND)
    b.forget()
    for _ in range(300):
        say(b, 1, a.address("lan"))
        wire.run(100 * MILLISECOND)
    assert 1 <= len(b.said(TakeOver)) <= 3
    wire.run(5 * SECOND)
    assert wire.active() == ["a"]


def test_priority_one_of_whom_nobody_follows_is_no_reason_to_take_over():
    wire, a, b = two(200, 100)
    wire.start()
    wire.run(5 * SECOND)
    b.forget()
    for _ in range(50):
        say(b, 1, STRANGER)
        wire.run(1500 * MILLISECOND)
    assert b.said(TakeOver) == []
    assert wire.active() == ["a"]


def test_strangers_that_have_left_for_good_keep_nobodys_word_from_being_weighed():
    wire, a, b = two(200, 100)
    wire.start()
    wire.run(5 * SECOND)
    for number in range(2 * MOST_SOURCES):
        source = octets_of("10.0.0.%d" % (70 + number))
        for priority in (255, 0):
            say(b, priority, source)
        wire.run(3 * SECOND)
    wire.run(120 * SECOND)
    for _ in range(2):
        say(b, 0, a.address("lan"))
        wire.run(3 * SECOND)
    assert b.engine.groups["gateway"].trust.broken_by(wire.now) == a.address("lan")


def test_trust_comes_back_after_a_minute():
    wire, a, b = two(200, 100)
    wire.start()
    for _ in range(10):
        say(b, 0, a.address("lan"))
        wire.run(SECOND)
    assert b.engine.groups["gateway"].trust.is_low(wire.now)
    wire.run(61 * SECOND)
    assert not b.engine.groups["gateway"].trust.is_low(wire.now)
    a.stop()
    wire.run(2 * SECOND)
    assert wire.active() == ["b"]


def test_a_higher_word_now_and_then_moves_the_group_three_times_and_then_no_more():
    wire, a, b = two(200, 100)
    wire.start()
    wire.run(5 * SECOND)
    for _ in range(10):
        for node in (a, b):
            say(node, 255, STRANGER)
        wire.run(10 * SECOND)
    a.forget()
    b.forget()
    for _ in range(10):
        for node in (a, b):
            say(node, 255, STRANGER)
        wire.run(10 * SECOND)
    assert a.said(Transition) == b.said(Transition) == []
    assert wire.active() == ["a"]


def test_many_moves_by_request_are_no_flapping():
    wire, a, b = two(200, 100)
    wire.start()
    wire.run(5 * SECOND)
    for turn in range(12):
        holder, other = ((a, b), (b, a))[turn % 2]
        holder.handle(Switchover())
        wire.run(2 * SECOND)
        assert wire.active() == [other.name], turn
    assert not a.engine.groups["gateway"].trust.is_low(wire.now)


def test_a_stranger_that_leaves_is_noticed_and_moves_nothing():
    wire, a, b = two(200, 100)
    wire.start()
    wire.run(5 * SECOND)
    say(a, 0, STRANGER)
    say(b, 0, STRANGER)
    wire.run(SECOND)
    assert a.member().anomalies["leaving"][0] == STRANGER
    assert wire.active() == ["a"] and b.said(TakeOver) == []


def test_whoever_hands_over_or_loses_a_contest_is_no_stranger():
    wire, a, b = two(200, 100)
    wire.start()
    wire.run(5 * SECOND)
    a.handle(Switchover())
    wire.run(5 * SECOND)
    wire.cut("lan")
    wire.cut("wan")
    wire.run(10 * SECOND)
    assert wire.active() == ["a", "b"]
    wire.heal()
    wire.run(2 * SECOND)
    b.stop()
    a.stop()
    wire.run(5 * SECOND)
    assert "leaving" not in a.member().anomalies and "leaving" not in b.member().anomalies


def test_answers_are_bounded_and_hosts_are_told():
    wire, a, b = two(200, 100)
    wire.start()
    wire.run(5 * SECOND)
    b.power_off()
    a.forget()
    for _ in range(1000):
        say(a, 100, STRANGER)
        say(a, 0, STRANGER)
        wire.run(MILLISECOND)
    assert len(a.sent()) < 16
    assert a.said(Announce) != []


def test_in_a_flood_silence_is_doubted_but_not_for_ever():
    wire, a, b = two(200, 100)
    wire.start()
    wire.run(5 * SECOND)
    wire.cut("lan")
    for _ in range(60):
        wire.run(100 * MILLISECOND)
        b.handle(Flooded("lan", 4))
    # For six seconds its words may have been among those that were lost.
    assert b.state() == BACKUP
    for _ in range(60):
        wire.run(100 * MILLISECOND)
        b.handle(Flooded("lan", 4))
    assert b.state() == ACTIVE


def test_a_flood_keeps_nobody_from_taking_over_from_one_that_leaves():
    wire, a, b = two(200, 100)
    wire.start()
    wire.run(5 * SECOND)
    a.stop()
    for _ in range(10):
        wire.run(100 * MILLISECOND)
        b.handle(Flooded("lan", 4))
    assert b.state() == ACTIVE
