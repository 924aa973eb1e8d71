# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is Active, and when (RFC 9568 6.4): start, silence and priority 0."""

from haven.core.clock import CENTISECOND, MILLISECOND, NEVER, SECOND
from haven.core.effects import Announce, Send, TakeOver, Transition
from haven.core.vrrp.states import ACTIVE, BACKUP, INITIALIZE
from tests.core.duel import down_interval, say, two
from tests.core.wire import DELAY, Wire, gaps, group, octets_of, router

# Start


def test_first_start_elects_the_higher_priority():
    wire, a, b = two(200, 100)
    began = wire.now
    wire.start()
    assert wire.active() == ["a"]
    assert b.state() == BACKUP
    assert a.transitions() == [
        (began, BACKUP, "startup"),
        (began + down_interval(3, 200, SECOND), ACTIVE, "nobody"),
    ]
    assert b.transitions() == [(began, BACKUP, "startup")]


def test_nothing_happens_before_the_start():
    wire, a, _b = two(200, 100)
    a.powered = True
    a.load(group())
    wire.run(30 * SECOND)
    assert a.state() == INITIALIZE and a.effects == []
    assert a.engine.next_deadline() == NEVER
    assert say(a, 200) == []


def test_the_order_of_a_takeover():
    wire, a, _b = two(200, 100)
    a.start()
    a.forget()
    wire.run_until(lambda: a.state() == ACTIVE)
    kinds = [type(effect) for _at, effect in a.effects]
    assert kinds == [Send, TakeOver, Announce, Transition]
    assert a.sent() == [(wire.now, "lan", 200)]


def test_an_active_advertises_once_in_an_interval():
    wire, a, _b = two(200, 100)
    wire.start()
    a.forget()
    begin = wire.now
    wire.run(10 * SECOND)
    times = [at for at, _name, _priority in a.sent()]
    assert len(times) == 10
    assert gaps(times) == [SECOND] * 9
    assert times[0] - begin <= SECOND


def test_the_owner_is_active_at_once():
    wire = Wire()
    node = wire.node("a", group(router(priority=255)))
    node.addresses[("lan", 4)] = (octets_of("192.168.51.1"),)
    node.start()
    assert node.state() == ACTIVE
    assert node.transitions() == [(wire.now, ACTIVE, "owner")]


def test_the_owner_takes_over_from_a_router_that_does_not_preempt():
    wire, a, b = two(255, 100)
    b.start()
    wire.run(10 * SECOND)
    assert wire.active() == ["b"]
    a.start()
    wire.run(SECOND)
    assert wire.active() == ["a"]


def test_an_owner_in_backup_preempts_whatever_preempt_says():
    # RFC 9568 6.1: the owner always preempts, independent of Preempt_Mode.
    wire, a, b = two(255, 100)
    wire.start()
    a.load(group(router(priority=100)))
    b.load(group(router(priority=200), preempt=True))
    wire.run(10 * SECOND)
    assert wire.active() == ["b"]
    a.load(group(router(priority=255)))
    wire.run(10 * SECOND)
    assert wire.active() == ["a"]


def test_a_restart_in_time_adopts_the_addresses():
    wire, a, b = two(200, 100)
    wire.start()
    a.power_off()
    wire.run(SECOND)
    b.forget()
    a.start(adopt=("gateway",))
    assert a.transitions()[-1] == (wire.now, ACTIVE, "adopted")
    wire.run(20 * SECOND)
    assert wire.active() == ["a"]
    assert b.transitions() == []


def test_a_router_that_adopts_wrongly_stands_down():
    wire, a, b = two(100, 200)
    wire.start()
    a.start(adopt=("gateway",))
    assert wire.active() == ["a", "b"]
    wire.run(2 * SECOND)
    assert wire.active() == ["b"]


# Silence


def test_silence_takes_exactly_active_down_interval_at_every_priority():
    for version, advert_interval_us in (
        (3, SECOND),
        (3, CENTISECOND),
        (3, 4095 * CENTISECOND),
        (2, 2 * SECOND),
    ):
        for priority in range(1, 255):
            wire = Wire()
            node = wire.node(
                "b", group(router(version=version, priority=priority, advert_interval_us=advert_interval_us))
            )
            node.start()
            wire.run(advert_interval_us)
            say(node, 254)
            say(node, 254)
            took = wire.run_until(lambda at=node: at.state() == ACTIVE, 4 * advert_interval_us + SECOND)
            assert took == down_interval(version, priority, advert_interval_us), (version, priority)


def test_a_death_is_noticed_within_the_interval():
    wire, a, b = two(200, 100)
    wire.start()
    b.forget()
    a.power_off()
    last = a.sent()[-1][0]
    wire.run_until(lambda: b.state() == ACTIVE)
    assert wire.now == last + DELAY + down_interval(3, 100, SECOND)
    silence = b.said(Transition)[0][1]
    assert silence.reason == "silence"
    assert silence.silence == down_interval(3, 100, SECOND)
    assert silence.peer == a.address("lan") and silence.peer_priority == 200


def test_one_lost_advertisement_changes_nothing():
    wire, _a, b = two(200, 100)
    wire.start()
    b.forget()
    lost = []

    def every_third_arrives(sender, receiver, device, message):
        lost.append(message)
        return len(lost) % 3 != 0

    wire.loses = every_third_arrives
    wire.run(60 * SECOND)
    assert wire.active() == ["a"] and b.transitions() == []


def test_of_three_the_second_best_takes_over():
    wire = Wire()
    for name, priority in (("a", 200), ("b", 150), ("c", 100)):
        wire.node(name, group(router(priority=priority)))
    wire.start()
    wire.nodes[0].power_off()
    wire.run(5 * SECOND)
    assert wire.active() == ["b"]


def test_the_interval_of_the_active_is_what_a_backup_waits_for():
    wire = Wire()
    a = wire.node("a", group(router(priority=200, advert_interval_us=10 * CENTISECOND)))
    b = wire.node("b", group(router(advert_interval_us=2 * SECOND)))
    wire.start()
    assert b.member().active_adver_interval_us == 10 * CENTISECOND
    a.power_off()
    last = a.sent()[-1][0]
    wire.run_until(lambda: b.state() == ACTIVE)
    assert wire.now == last + DELAY + down_interval(3, 100, 10 * CENTISECOND)
    # From now on its own interval counts.
    b.forget()
    wire.run(20 * SECOND)
    assert len(b.sent()) == 10


def test_version_2_with_unlike_intervals_never_agrees():
    wire = Wire()
    wire.node("a", group(router(version=2, priority=200)))
    wire.node("b", group(router(version=2, advert_interval_us=2 * SECOND)))
    wire.start()
    assert wire.active() == ["a", "b"]
    assert wire.nodes[1].member().counters.errors["interval"] > 0


def test_ipv6_and_version_2_elect_as_well():
    for changes in ({"family": 6}, {"version": 2}, {"version": 2, "auth": b"s3cret"}):
        wire = Wire()
        wire.node("a", group(router(priority=200, **changes)))
        wire.node("b", group(router(**changes)))
        wire.start()
        assert wire.active() == ["a"], changes
        wire.nodes[0].power_off()
        wire.run(5 * SECOND)
        assert wire.active() == ["b"], changes


def test_unicast_peers_elect_without_multicast():
    wire = Wire()
    one, two_, three = octets_of("10.0.0.1"), octets_of("10.0.0.2"), octets_of("10.0.0.3")
    wire.node("a", group(router(priority=200, unicast_peers=(two_, three))))
    wire.node("b", group(router(priority=150, unicast_peers=(one, three))))
    wire.node("c", group(router(priority=100, unicast_peers=(one, two_))))
    wire.start()
    assert wire.active() == ["a"]
    assert [to for to, _message in wire.nodes[0].said(Send)[0][1].packets] == [two_, three]
    wire.nodes[0].power_off()
    wire.run(5 * SECOND)
    assert wire.active() == ["b"]


# Priority 0


def test_priority_zero_makes_a_backup_wait_for_skew_time_only():
    wire, _a, b = two(200, 100)
    wire.start()
    wire.nodes[0].power_off()
    say(b, 0, source=wire.nodes[0].address("lan"))
    took = wire.run_until(lambda: b.state() == ACTIVE)
    assert took == (256 - 100) * SECOND // 256
    assert b.transitions()[-1][2] == "resigned"


def test_priority_zero_does_not_make_a_timer_longer():
    wire, a, b = two(200, 100)
    wire.start()
    a.power_off()
    wire.run(b.member().deadline - wire.now - 100 * MILLISECOND)
    say(b, 0, source=a.address("lan"))
    assert wire.run_until(lambda: b.state() == ACTIVE) <= 100 * MILLISECOND


def test_an_active_answers_priority_zero_at_once():
    wire, a, _b = two(200, 100)
    wire.start()
    a.forget()
    say(a, 0)
    assert a.sent() == [(wire.now, "lan", 200)]
    assert a.member().deadline == wire.now + SECOND
    assert a.member().counters.priority_zero_received == 1


def test_priority_zero_of_a_router_that_is_not_the_active_is_nothing():
    wire, a, b = two(200, 100)
    wire.start()
    say(b, 0, source=octets_of("10.0.0.77"))
    wire.run(5 * SECOND)
    assert wire.active() == ["a"]


def test_an_active_that_goes_on_after_priority_zero_is_followed_again():
    wire, a, b = two(200, 100)
    wire.start()
    say(b, 0, source=a.address("lan"))
    wire.run(20 * SECOND)
    assert wire.active() == ["a"]
    a.power_off()
    wire.run(5 * SECOND)
    assert b.transitions()[-1][2] == "silence"
