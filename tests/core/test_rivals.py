# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is Active where two could be: preemption, rivals, and processes that are late."""

from haven.core.announcements import ANNOUNCE_AGAIN
from haven.core.clock import MILLISECOND, NEVER, SECOND
from haven.core.effects import Announce, Release
from haven.core.vrrp.states import ACTIVE, BACKUP, INITIALIZE
from tests.core.duel import PEER, down_interval, say, two
from tests.core.wire import Wire, group, link_local, octets_of, pair, router

# Preemption


def test_without_preempt_the_higher_priority_waits():
    wire, a, b = two(200, 100)
    b.start()
    wire.run(5 * SECOND)
    a.start()
    wire.run(60 * SECOND)
    assert wire.active() == ["b"]
    assert a.member().active_priority == 100


def test_with_preempt_the_higher_priority_takes_over():
    wire, a, b = two(200, 100, preempt=True)
    b.start()
    wire.run(5 * SECOND)
    a.start()
    began = wire.now
    wire.run_until(lambda: a.state() == ACTIVE)
    assert wire.now == began + down_interval(3, 200, SECOND)
    assert a.transitions()[-1][2] == "preempt"
    wire.run(SECOND)
    assert wire.active() == ["a"]
    assert b.transitions()[-1][2] == "higher"
    # A planned change is not worth a warning.
    assert "rival" not in b.member().anomalies


def test_preempt_delay_counts_from_the_first_word_of_the_lower_one():
    wire, a, b = two(200, 100, preempt=True, preempt_delay_us=30 * SECOND)
    b.start()
    wire.run(5 * SECOND)
    a.start()
    began = wire.now
    wire.run(29 * SECOND)
    assert wire.active() == ["b"]
    wire.run_until(lambda: a.state() == ACTIVE)
    assert 30 * SECOND <= wire.now - began <= 31 * SECOND + down_interval(3, 200, SECOND)
    wire.run(SECOND)
    assert wire.active() == ["a"]


def test_preempt_delay_does_not_hold_up_a_real_takeover():
    wire, a, b = two(200, 100, preempt=True, preempt_delay_us=1000 * SECOND)
    b.start()
    wire.run(5 * SECOND)
    a.start()
    wire.run(5 * SECOND)
    b.power_off()
    wire.run(4 * SECOND)
    assert wire.active() == ["a"]
    assert a.transitions()[-1][2] == "silence"


def test_preempt_delay_starts_anew_when_a_higher_one_was_there():
    wire = Wire()
    node = wire.node("a", group(router(priority=200), preempt=True, preempt_delay_us=10 * SECOND))
    node.start()
    say(node, 100)
    wire.run(2 * SECOND)
    say(node, 210)
    for _ in range(9):
        wire.run(SECOND)
        say(node, 100)
    assert not node.member().lower_heard
    for _ in range(2):
        wire.run(SECOND)
        say(node, 100)
    assert node.member().lower_heard


# Rivals


def test_equal_priorities_are_settled_by_the_higher_address():
    wire, _a, b = two(100, 100)
    wire.start()
    assert wire.active() == ["b"]
    assert b.transitions()[-1][2] == "nobody"


def test_an_equal_priority_does_not_preempt():
    wire, a, b = two(100, 100, preempt=True)
    a.start()
    wire.run(5 * SECOND)
    b.start()
    wire.run(20 * SECOND)
    assert wire.active() == ["a"]


def test_addresses_are_compared_octet_by_octet_from_the_left():
    wire = Wire()
    wire.node("a", group(), lan="10.0.1.2")
    wire.node("b", group(), lan="10.0.0.200")
    wire.start()
    assert wire.active() == ["a"]


def test_a_healed_split_leaves_the_higher_priority():
    wire, a, b = two(200, 100)
    wire.cut("lan")
    wire.start()
    assert wire.active() == ["a", "b"]
    wire.heal()
    a.forget()
    wire.run(SECOND + 10 * MILLISECOND)
    assert wire.active() == ["a"]
    assert b.transitions()[-1][2] == "higher"


def test_an_active_answers_a_lower_one_at_once_and_tells_the_hosts():
    # RFC 9568 6.4.3, new against RFC 5798.
    wire, a, _b = two(200, 100)
    wire.start()
    wire.run(3 * SECOND)
    a.forget()
    say(a, 100)
    assert a.sent() == [(wire.now, "lan", 200)]
    assert len(a.said(Announce)) == 1
    # It may have been the last word of one that yields.
    assert "rival" not in a.member().anomalies
    for _ in range(300):
        wire.run(10 * MILLISECOND)
        say(a, 100)
    assert a.member().anomalies["rival"] == (PEER, wire.now)
    # Whoever is real needs one answer; hosts are told a few times and then once a second.
    assert len(a.sent()) < 3 + 8 * 3 + 3
    assert 3 <= len(a.said(Announce)) <= 8
    last = wire.now
    wire.run(2 * SECOND)
    assert a.said(Announce)[-1][0] > last


def test_after_a_split_the_hosts_are_told_on_every_link_whoever_speaks_first():
    for turn in range(10):
        wire = Wire()
        a, b = wire.node("a", pair(200)), wire.node("b", pair(100))
        for device in ("lan", "wan"):
            wire.cut(device)
        wire.start()
        wire.run(20 * SECOND + turn * 100 * MILLISECOND)
        assert wire.active() == ["a", "b"]
        wire.heal()
        healed = wire.now
        a.forget()
        wire.run(SECOND + 10 * MILLISECOND)
        assert wire.active() == ["a"]
        # The one that yields says a last word, or the other would not know of what hosts have learned.
        preempt_barred = b.transitions()[-1][0]
        told = sorted(
            {
                effect.router
                for at, effect in a.said(Announce)
                if healed <= at <= preempt_barred + SECOND // 100
            }
        )
        assert told == ["lan", "wan"], turn


def test_who_stalled_says_no_word_but_the_last():
    # Its priority may be the higher one: whoever took over would yield to it. Hosts may have heard it, too.
    wire, a, b = two(200, 100)
    wire.start()
    a.sleep(20 * SECOND)
    wire.run(19 * SECOND)
    a.forget()
    wire.run(2 * SECOND)
    assert a.transitions()[-1][2] == "stalled"
    assert [priority for _at, _name, priority in a.sent()] == [0]
    assert wire.active() == ["b"]


def test_one_way_the_active_that_cannot_be_heard_stays():
    # b does not hear a and thinks it is alone; a hears b, answers, and is not heard either.
    wire, a, b = two(200, 100)
    wire.start()
    wire.cut("lan", sender=a)
    wire.run(10 * SECOND)
    assert wire.active() == ["a", "b"]
    wire.heal()
    wire.run(2 * SECOND)
    assert wire.active() == ["a"]


def test_one_way_a_deaf_backup_takes_over_and_the_lower_active_yields():
    wire, a, b = two(100, 200)
    a.start()
    wire.run(5 * SECOND)
    b.start()
    wire.run(5 * SECOND)
    assert wire.active() == ["a"]
    wire.cut("lan", receiver=b)
    wire.run(10 * SECOND)
    assert wire.active() == ["b"]


def test_a_rival_is_answered_no_more_often_than_it_speaks():
    wire, a, b = two(200, 100)
    wire.start()
    wire.cut("lan", sender=a)
    wire.run(10 * SECOND)
    a.forget()
    b.forget()
    wire.run(10 * SECOND)
    assert len(a.sent()) <= 21 and len(b.sent()) <= 11


# The hosts are told


def test_announcements_are_repeated_and_refreshed():
    wire, a, _b = two(200, 100)
    a.start()
    wire.run_until(lambda: a.state() == ACTIVE)
    began = wire.now
    wire.run(200 * SECOND)
    times = [at - began for at, _effect in a.said(Announce)]
    assert times[:5] == [0, 100 * MILLISECOND, 500 * MILLISECOND, 2 * SECOND, 5 * SECOND]
    assert times[5:] == [65 * SECOND, 125 * SECOND, 185 * SECOND]


def test_without_refresh_announcements_end():
    wire = Wire()
    node = wire.node("a", group(router(announce_refresh_us=0)))
    node.start()
    wire.run(200 * SECOND)
    assert len(node.said(Announce)) == 5
    assert node.member().announce_at == NEVER


def test_a_backup_announces_nothing():
    wire, a, b = two(200, 100)
    wire.start()
    wire.cut("lan")
    wire.run(10 * SECOND)
    wire.heal()
    wire.run(2 * SECOND)
    assert b.state() == BACKUP
    b.forget()
    wire.run(100 * SECOND)
    assert b.said(Announce) == [] and b.said(Release) == [] and a.state() == ACTIVE


# Late processes


def test_an_active_that_stalled_yields_to_whoever_took_over():
    wire, a, b = two(200, 100)
    wire.start()
    a.sleep(20 * SECOND)
    wire.run(20 * SECOND - 1)
    assert b.state() == ACTIVE
    wire.run(SECOND)
    assert wire.active() == ["b"]
    assert a.transitions()[-1][2] == "stalled"


def test_an_active_that_stalled_alone_goes_on():
    wire = Wire()
    node = wire.node("a", group())
    node.start()
    wire.run(10 * SECOND)
    node.sleep(20 * SECOND)
    wire.run(30 * SECOND)
    assert node.state() == ACTIVE
    assert [each[1] for each in node.transitions()] == [BACKUP, ACTIVE]


def test_a_short_sleep_of_the_active_changes_nothing():
    wire, a, b = two(200, 100)
    wire.start()
    a.forget()
    b.forget()
    a.sleep(2500 * MILLISECOND)
    wire.run(20 * SECOND)
    assert wire.active() == ["a"]
    assert a.transitions() == [] and b.transitions() == []


def test_a_late_backup_reads_what_is_waiting_before_it_looks_at_the_clock():
    wire, a, b = two(200, 100)
    wire.start()
    b.forget()
    b.sleep(30 * SECOND)
    wire.run(40 * SECOND)
    assert wire.active() == ["a"]
    assert b.transitions() == []


def test_a_tick_too_early_does_no_harm():
    wire, a, b = two(200, 100)
    wire.start()
    for node in (a, b):
        assert tuple(node.engine.tick(wire.now)) == ()
        node.engine.tick(node.engine.next_deadline() - 1)
    assert wire.active() == ["a"]


# The machine


def test_a_virtual_address_is_not_the_source_but_of_its_owner():
    wire = Wire()
    node = wire.node("a", group())
    own = octets_of("10.0.0.1")
    node.addresses[("lan", 4)] = (octets_of("192.168.51.1"), own)
    node.start()
    assert node.member().source == own
    node.load(group(router(priority=255)))
    assert node.member().source == octets_of("192.168.51.1")


def test_a_source_that_the_user_chose_has_to_be_there():
    wire = Wire()
    chosen = octets_of("10.0.0.44")
    node = wire.node("a", group(router(source=chosen)))
    node.start()
    assert node.state() == INITIALIZE
    assert node.member().faults == (("no-source", "lan"),)
    node.addresses[("lan", 4)] = (octets_of("10.0.0.1"), chosen)
    node.load(*node.specs)
    assert node.state() == BACKUP
    assert node.member().source == chosen


def test_ipv6_speaks_from_a_link_local_address():
    wire = Wire()
    node = wire.node("a", group(router(family=6)))
    node.addresses[("lan", 6)] = (octets_of("fd00::5"), link_local(99), link_local(5))
    node.start()
    assert node.member().source == link_local(5)
    node.addresses[("lan", 6)] = (octets_of("fd00::5"),)
    node.load(*node.specs)
    wire.run(2 * SECOND)
    assert node.state() == INITIALIZE


def test_a_rival_that_comes_right_after_an_announcement_is_answered_by_a_series_all_the_same():
    wire, a, b = two(200, 100)
    wire.start()
    # The last of the first announcements was a little less than a second ago.
    became = a.transitions()[-1][0]
    wire.run(became + sum(ANNOUNCE_AGAIN) + 900 * MILLISECOND - wire.now)
    a.forget()
    say(a, 100)
    wire.run(2 * SECOND)
    assert len(a.said(Announce)) >= 3
