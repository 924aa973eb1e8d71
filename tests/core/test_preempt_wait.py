# SPDX-License-Identifier: GPL-2.0-or-later
"""Preemption waits for the connections of the Active, up to a limit, and says so once."""

from haven.core.clock import SECOND
from haven.core.effects import SyncWait
from haven.core.events import InSync
from haven.core.vrrp.states import ACTIVE
from tests.core.duel import two

LIMIT = 60 * SECOND


def returning():
    """Return a wire with a lower Active, and a higher node that has been back for five seconds."""
    wire, higher, lower = two(200, 100, preempt=True, sync_wait_us=LIMIT)
    lower.start()
    wire.run(5 * SECOND)
    higher.start()
    wire.run(5 * SECOND)
    return wire, higher, lower


def waits(node):
    """Return what the node has said of waiting."""
    return [each.left_us for _at, each in node.effects if type(each) is SyncWait]


def test_it_waits_and_says_for_how_long_at_the_most():
    wire, higher, lower = returning()
    assert wire.active() == ["b"]
    assert len(waits(higher)) == 1
    assert 58 * SECOND < waits(higher)[0] <= LIMIT
    assert higher.engine.groups["gateway"].preemption.sync_wait_left(wire.now) == LIMIT - 5 * SECOND
    assert waits(lower) == []
    assert lower.engine.groups["gateway"].preemption.sync_wait_left(wire.now) is None


def test_it_ends_with_the_connections():
    wire, higher, _lower = returning()
    higher.handle(InSync(True))
    assert higher.engine.groups["gateway"].preemption.sync_wait_left(wire.now) is None
    wire.run_until(lambda: higher.state() == ACTIVE, budget=5 * SECOND)
    assert len(waits(higher)) == 1


def test_after_the_limit_it_takes_over_all_the_same_and_says_so():
    wire, higher, _lower = returning()
    wire.run(LIMIT - 6 * SECOND)
    assert wire.active() == ["b"]
    wire.run(6 * SECOND)
    assert wire.active() == ["a"]
    assert waits(higher)[1:] == [0]
    assert higher.engine.groups["gateway"].preemption.sync_wait_left(wire.now) is None


def test_the_death_of_the_active_ends_the_wait_without_a_word():
    wire, higher, lower = returning()
    lower.power_off()
    wire.run(5 * SECOND)
    assert wire.active() == ["a"]
    assert len(waits(higher)) == 1
    assert higher.engine.groups["gateway"].preemption.sync_wait_left(wire.now) is None


def test_losing_the_connections_again_begins_another_wait():
    wire, higher, _lower = returning()
    higher.handle(InSync(True))
    higher.handle(InSync(False))
    wire.run(2 * SECOND)
    assert wire.active() == ["b"]
    assert len(waits(higher)) == 2
