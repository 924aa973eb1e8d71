# SPDX-License-Identifier: GPL-2.0-or-later
"""A Backup that was itself late does not take all of that for the silence of its Active."""

from haven.core.clock import MILLISECOND, SECOND
from haven.core.doubt import oversleep
from haven.core.vrrp.states import ACTIVE, BACKUP
from tests.core.wire import Wire, group, router

INTERVAL = 100 * MILLISECOND


def settled():
    """Return a wire, an Active and a Backup."""
    wire = Wire()
    a, b = (
        wire.node(name, group(router(priority=priority, advert_interval_us=INTERVAL)))
        for name, priority in (("a", 200), ("b", 100))
    )
    wire.start()
    assert (a.state(), b.state()) == (ACTIVE, BACKUP)
    return wire, a, b


def wake_late(node, late_us):
    """Let a process that was to wake up some time ago know of it, as the host does."""
    oversleep(node.engine.groups.values(), late_us, node.wire.now)


def starve(wire, nodes, duration, ahead_us):
    """Let nobody run for a while; then the first of the nodes does, and the others so much later."""
    for at, node in enumerate(nodes):
        node.sleep(duration + at * ahead_us)
    wire.run(duration - 1)
    wake_late(nodes[0], duration)
    wire.run(1)


def test_both_starved_together_keep_their_roles_whoever_wakes_up_first():
    wire, a, b = settled()
    b.forget()
    for duration in (300, 360, 500, 2000):
        starve(wire, (b, a), duration * MILLISECOND, 50 * MILLISECOND)
        wire.run(SECOND)
        assert (a.state(), b.state()) == (ACTIVE, BACKUP)
    assert not b.transitions()


def test_death_meanwhile_costs_no_more_than_the_lateness():
    wire, a, b = settled()
    a.power_off()
    starve(wire, (b,), 200 * MILLISECOND, 0)
    took = 200 * MILLISECOND + wire.run_until(lambda: b.state() == ACTIVE)
    assert took <= b.member().active_down_us() + 200 * MILLISECOND


def test_it_is_never_more_than_one_interval_of_patience_however_often_it_is_late():
    wire, a, b = settled()
    a.power_off()
    patience_us, took = b.member().active_down_us(), 0
    while b.state() == BACKUP:
        wire.run(10 * MILLISECOND)
        wake_late(b, 9 * MILLISECOND)
        took += 10 * MILLISECOND
    assert took <= 2 * patience_us + 20 * MILLISECOND


def test_next_word_begins_it_anew():
    wire, a, b = settled()
    for _ in range(20):
        wake_late(b, SECOND)
        wire.run(2 * INTERVAL)
    a.power_off()
    wake_late(b, SECOND)
    wire.run(INTERVAL * 5)
    assert b.state() == BACKUP
    wire.run(INTERVAL * 3)
    assert b.state() == ACTIVE


def test_active_that_has_resigned_is_not_waited_for_any_longer():
    wire, a, b = settled()
    a.stop()
    wire.run(1000)
    assert b.member().resigned
    deadline = b.member().deadline
    wake_late(b, SECOND)
    assert b.member().deadline == deadline


def test_who_has_heard_nobody_yet_waits_no_longer():
    wire = Wire()
    b = wire.node("b", group(router(priority=100, advert_interval_us=INTERVAL)))
    b.start()
    for _ in range(5):
        wake_late(b, SECOND)
        wire.run(INTERVAL)
    assert b.state() == ACTIVE
