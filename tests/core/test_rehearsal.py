# SPDX-License-Identifier: GPL-2.0-or-later
"""A power cut that is rehearsed: nobody is told, somebody is Active soon, nothing has to be taken back."""

from haven.core.clock import SECOND
from haven.core.effects import Send, Transition
from haven.core.events import Rehearsal, Switchover
from haven.core.vrrp.states import ACTIVE, BACKUP
from tests.core.duel import two
from tests.core.wire import Wire, group, router


def settled(first=200, second=100, **changes):
    """Return a wire with two nodes that have elected, and the nodes."""
    wire, a, b = two(first, second, **changes)
    wire.start()
    wire.run(10 * SECOND)
    assert wire.active() == ["a"]
    for node in (a, b):
        node.forget()
    return wire, a, b


def test_the_active_falls_silent_at_once_and_the_other_takes_over_by_its_timer():
    wire, a, b = settled()
    began = wire.now
    a.handle(Rehearsal(None, 20 * SECOND))
    assert a.state() == BACKUP and a.said(Send) == []
    wire.run_until(lambda: b.state() == ACTIVE)
    # Three intervals and a Skew_Time, less what had passed since the last ADVERTISEMENT.
    assert 2 * SECOND < wire.now - began < 4 * SECOND
    assert [each.reason for _at, each in b.said(Transition)] == ["silence"]


def test_who_has_played_dead_stays_backup_although_it_may_preempt():
    wire, a, _b = settled(preempt=True)
    a.handle(Rehearsal(None, 20 * SECOND))
    wire.run(60 * SECOND)
    assert wire.active() == ["b"]
    assert [(each.before, each.after) for _at, each in a.said(Transition)] == [(ACTIVE, BACKUP)]


def test_where_nobody_takes_over_everything_is_as_before_when_the_time_is_over():
    wire, a, b = settled()
    b.power_off()
    began = wire.now
    a.handle(Rehearsal(None, 5 * SECOND))
    wire.run_until(lambda: a.state() == ACTIVE)
    assert wire.now - began == 5 * SECOND
    wire.run(60 * SECOND)
    assert wire.active() == ["a"]


def test_the_peer_that_dies_in_the_middle_is_replaced_as_ever():
    wire, a, b = settled()
    a.handle(Rehearsal(None, 30 * SECOND))
    wire.run_until(lambda: b.state() == ACTIVE)
    wire.run(SECOND)
    b.power_off()
    began = wire.now
    wire.run_until(lambda: a.state() == ACTIVE)
    assert wire.now - began < 4 * SECOND


def test_a_group_that_is_handed_over_is_left_alone_and_one_that_is_not_meant():
    wire, a, _b = settled()
    a.handle(Switchover())
    a.handle(Rehearsal(None, 5 * SECOND))
    assert a.state() == ACTIVE
    wire.run(5 * SECOND)
    assert wire.active() == ["b"]
    wire, a, _b = settled()
    a.handle(Rehearsal("another", 5 * SECOND))
    assert a.state() == ACTIVE


def test_all_members_of_a_group_fall_silent_and_the_group_not_named_stays():
    wire = Wire()
    specs = (
        group(router("lan", priority=200), router("wan", priority=200), name="one"),
        group(router("dmz", vrid=9, priority=200), name="two"),
    )
    node = wire.node("a", *specs)
    wire.start()
    wire.run(10 * SECOND)
    node.forget()
    node.handle(Rehearsal("one", 5 * SECOND))
    assert [each.group for _at, each in node.said(Transition)] == ["one"]
    assert node.engine.groups["two"].state == ACTIVE
