# SPDX-License-Identifier: GPL-2.0-or-later
"""A router that loses its role again and again is trusted less for a while."""

from haven.core.clock import SECOND
from haven.core.effects import Transition
from haven.core.events import Switchover
from haven.core.hold_back import MEMORY_US, PAUSES_US
from haven.core.vrrp.states import ACTIVE
from tests.core.duel import two
from tests.core.wire import group, router


def flap(wire, node, times):
    """Let a cable of a node come and go."""
    for _ in range(times):
        node.set_link("lan", False)
        wire.run(5 * SECOND)
        node.set_link("lan", True)
        wire.run(15 * SECOND)


def returns_after(wire, node):
    """Return how many seconds it takes until a node is Active."""
    began = wire.now
    wire.run_until(lambda: wire.active() == [node.name], budget=7200 * SECOND)
    return (wire.now - began) // SECOND


def test_the_first_fault_costs_nothing_and_each_further_one_more():
    wire, a, b = two(200, 100, preempt=True)
    wire.start()
    wire.run(5 * SECOND)
    waited = []
    for _ in range(6):
        a.set_link("lan", False)
        wire.run(5 * SECOND)
        assert wire.active() == ["b"]
        a.set_link("lan", True)
        waited.append(returns_after(wire, a))
    assert waited[0] < 5
    assert [50 < each <= 60 for each in waited[1:2]] == [True]
    assert [230 < each <= 240 for each in waited[2:3]] == [True]
    assert all(950 < each <= 960 for each in waited[3:])


def test_a_cable_that_comes_and_goes_moves_the_group_a_few_times_and_no_more():
    wire, a, b = two(200, 100, preempt=True)
    wire.start()
    wire.run(5 * SECOND)
    flap(wire, a, 90)
    takeovers = [each for _at, each in a.effects if type(each) is Transition and each.after == ACTIVE]
    # Half an hour of it: the start, at once, and after a minute, four and sixteen.
    assert len(takeovers) == 5


def test_one_that_is_held_back_takes_over_from_a_dead_router_at_once():
    wire, a, b = two(200, 100, preempt=True)
    wire.start()
    wire.run(5 * SECOND)
    flap(wire, a, 4)
    assert wire.active() == ["b"]
    b.power_off()
    wire.run(5 * SECOND)
    assert wire.active() == ["a"]


def test_an_hour_without_a_loss_is_enough():
    wire, a, b = two(200, 100, preempt=True)
    wire.start()
    wire.run(5 * SECOND)
    flap(wire, a, 4)
    wire.run(MEMORY_US)
    assert wire.active() == ["a"]
    assert a.engine.groups["gateway"].preemption.hold_back.count(wire.now) == 0
    a.set_link("lan", False)
    wire.run(5 * SECOND)
    a.set_link("lan", True)
    assert returns_after(wire, a) < 5


def test_what_the_user_asks_for_is_no_loss():
    wire, a, b = two(200, 100, preempt=True)
    wire.start()
    wire.run(5 * SECOND)
    for turn in range(8):
        (a, b)[turn % 2].handle(Switchover())
        wire.run(5 * SECOND)
    for node in (a, b):
        assert node.engine.groups["gateway"].preemption.hold_back.count(wire.now) == 0


def test_a_tracked_device_that_comes_and_goes_counts_for_who_has_it_and_not_for_the_other():
    wire, a, b = two(100, 90, preempt=True)
    tracked = group(router("lan", priority=100, tracks=(("wan", 20),)), preempt=True)
    wire.start()
    a.load(tracked)
    a.set_link("wan", True)
    wire.run(5 * SECOND)
    for _ in range(3):
        a.set_link("wan", False)
        wire.run(5 * SECOND)
        assert wire.active() == ["b"]
        a.set_link("wan", True)
        returns_after(wire, a)
    assert a.engine.groups["gateway"].preemption.hold_back.count(wire.now) == 3
    assert b.engine.groups["gateway"].preemption.hold_back.count(wire.now) == 0


def test_the_pauses_grow():
    assert list(PAUSES_US) == sorted(PAUSES_US)
