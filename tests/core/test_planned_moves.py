# SPDX-License-Identifier: GPL-2.0-or-later
"""What a user plans, in every phase: somebody always holds the addresses, in the end the right one."""

from haven.core.clock import MILLISECOND, SECOND
from haven.core.effects import Announce, Release, TakeOver, Transition
from haven.core.events import AddressesChanged, Maintenance, Switchover
from haven.core.vrrp.states import ACTIVE, BACKUP
from tests.core.duel import two
from tests.core.wire import Wire, group, link_local, octets_of, pair, router


def one_is_active(wire):
    """Return a condition: one node alone is Active."""
    return lambda: len(wire.active()) == 1


def held_all_the_time(wire, duration):
    """Let time pass in small steps; tell whether there was always an Active."""
    for _ in range(duration // (10 * MILLISECOND)):
        wire.run(10 * MILLISECOND)
        if not wire.active():
            return False
    return True


def settled(first, second, **changes):
    """Return a wire with two nodes that have elected, and the nodes."""
    wire = Wire()
    nodes = [
        wire.node("a", group(router(priority=first, **changes))),
        wire.node("b", group(router(priority=second, **changes))),
    ]
    wire.start()
    wire.run(10 * SECOND)
    return [wire] + nodes


def test_of_two_in_maintenance_the_one_that_stops_waits_for_the_other():
    for interval_us in (10 * MILLISECOND, 30 * MILLISECOND, SECOND):
        for phase in range(0, 1000, 170):
            wire, a, b = settled(200, 100, advert_interval_us=interval_us)
            b.handle(Maintenance(True))
            a.handle(Maintenance(True))
            wire.run(3 * SECOND + phase * interval_us // 1000)
            (holder,) = [node for node in (a, b) if node.state() == ACTIVE]
            holder.stop()
            assert held_all_the_time(wire, 3 * SECOND), (interval_us, phase)
            assert len(wire.active()) == 1


def test_two_in_maintenance_do_not_hand_the_group_to_and_fro():
    for interval_us in (10 * MILLISECOND, 30 * MILLISECOND, 100 * MILLISECOND, SECOND):
        wire, a, b = settled(200, 100, advert_interval_us=interval_us)
        b.handle(Maintenance(True))
        a.handle(Maintenance(True))
        wire.run(5 * SECOND)
        a.forget()
        b.forget()
        wire.run(40 * SECOND)
        assert a.said(Transition) == b.said(Transition) == [], interval_us


def test_a_switchover_right_after_a_takeover_does_not_take_the_last_word_for_a_successor():
    for after in range(0, 60, 5):
        wire, a, b = settled(100, 100)
        wire.cut("lan")
        wire.run(10 * SECOND)
        assert sorted(wire.active()) == ["a", "b"]
        wire.heal()
        wire.run_until(one_is_active(wire))
        (holder,) = [node for node in (a, b) if node.state() == ACTIVE]
        wire.run(after * MILLISECOND // 10)
        holder.handle(Switchover())
        assert held_all_the_time(wire, 3 * SECOND), after
        assert wire.active() == ["b" if holder is a else "a"], after


def test_a_stop_right_after_a_change_of_the_address_is_no_strangers():
    for phase in range(0, 1000, 100):
        wire, a, b = settled(200, 100)
        wire.run(phase * MILLISECOND)
        a.addresses[("lan", 4)] = (octets_of("10.0.0.77"),)
        a.handle(AddressesChanged("lan", 4, (octets_of("10.0.0.77"),)))
        wire.run(MILLISECOND)
        a.stop()
        assert held_all_the_time(wire, 3 * SECOND), phase
        assert wire.active() == ["b"]


def test_a_member_that_the_active_alone_has_delays_no_preemption():
    wire = Wire()
    wire.node("a", group(router("aaa", device="wan", vrid=1, priority=100), router("lan", priority=100)))
    a = wire.nodes[0]
    a.start()
    wire.run(10 * SECOND)
    b = wire.node("b", group(router("lan", priority=200), preempt=True))
    b.start()
    wire.run_until(lambda: b.state() == ACTIVE)
    taken = wire.now
    wire.run_until(lambda: a.state() == BACKUP)
    assert wire.now - taken < 10 * MILLISECOND


def test_only_a_later_link_heals_and_its_hosts_are_told_soon():
    for one, other in ((pair(100), pair(100)), (opposed(200, 100), opposed(100, 200))):
        for phase in range(0, 1000, 100):
            wire = Wire()
            a, b = wire.node("a", one), wire.node("b", other)
            wire.start()
            for device in ("lan", "wan"):
                wire.cut(device)
            wire.run(20 * SECOND + phase * MILLISECOND)
            assert len(wire.active()) == 2
            wire.heal()
            wire.cut("lan")
            wire.run_until(one_is_active(wire))
            (stays,) = [node for node in (a, b) if node.state() == ACTIVE]
            stays.forget()
            wire.run(4 * SECOND)
            assert "wan" in [effect.router for _at, effect in stays.said(Announce)], phase


def opposed(lan, wan):
    """Return a group whose priorities contradict each other when the other node has them the other way."""
    return group(router("lan", priority=lan), router("wan", priority=wan))


def test_one_with_a_slow_interval_leaves_the_others_in_peace():
    for slow in range(3):
        for phase in range(0, 4000, 730):
            wire = Wire()
            for number, name in enumerate("abc"):
                wire.node(name, pair(100, advert_interval_us=(4 if number == slow else 1) * SECOND))
            wire.start()
            for device in ("lan", "wan"):
                wire.cut(device)
            wire.run(40 * SECOND + phase * MILLISECOND)
            wire.heal()
            wire.cut("lan")
            wire.run(40 * SECOND)
            assert len(wire.active()) == 1, (slow, phase)
            for node in wire.nodes:
                node.forget()
            wire.run(60 * SECOND)
            assert all(node.said(Transition) == [] for node in wire.nodes), (slow, phase)


def test_a_short_sleep_takes_nothing_back():
    for late in range(3000, 4200, 100):
        wire, a, b = two(210, 200)
        a.start()
        wire.run(5 * SECOND)
        b.start()
        wire.run(5 * SECOND)
        assert wire.active() == ["a"]
        a.sleep(late * MILLISECOND)
        wire.run(10 * SECOND)
        holders = wire.active()
        assert len(holders) == 1, late
        taken = [at for at, effect in b.effects if type(effect) is TakeOver]
        if taken:
            # What another has taken over it keeps.
            assert holders == ["b"], late
            assert b.said(Release) == [], late


def test_twins_with_link_local_addresses_alone_agree_in_whatever_order():
    for first, second in ((1, 2), (2, 1)):
        lan = router("lan", vrid=7, family=6, addresses=(link_local(0x77),))
        wan = router("wan", vrid=7, family=6, addresses=(link_local(0x77),))
        wire = Wire()
        a, b = wire.node("a", group(lan, wan)), wire.node("b", group(wan, lan))
        for node, (inside, outside) in ((a, (first, second)), (b, (second, first))):
            node.addresses[("lan", 6)] = (link_local(inside),)
            node.addresses[("wan", 6)] = (link_local(outside),)
        wire.start()
        wire.run(60 * SECOND)
        assert len(wire.active()) == 1
