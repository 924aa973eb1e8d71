# SPDX-License-Identifier: GPL-2.0-or-later
"""Planned changes: switchover, maintenance and stop, make before break."""

from haven.core.clock import MILLISECOND, SECOND
from haven.core.effects import Announce, HandoverBegun, HandoverEnded, Release, Send, Transition
from haven.core.events import Flooded, Maintenance, Startup, Switchover
from haven.core.handover import COPIES, COPY_AFTER_US, MARGIN_US, RETRY_AFTER_US
from haven.core.vrrp.states import ACTIVE, BACKUP, INITIALIZE
from tests.core.wire import DELAY, Wire, group, pair, router

SKEW_100 = (256 - 100) * SECOND // 256
WAIT = COPIES[-1] * COPY_AFTER_US + SECOND + MARGIN_US


def two(**changes):
    """Return a wire with two nodes after the election, of which a is Active."""
    wire = Wire()
    wire.node("a", pair(200, **changes))
    wire.node("b", pair(100, **changes))
    wire.start()
    for node in wire.nodes:
        node.forget()
    return wire, wire.nodes[0], wire.nodes[1]


def alone():
    """Return a wire with one Active node."""
    wire = Wire()
    node = wire.node("a", pair(200))
    wire.start()
    node.forget()
    return wire, node


def ended(node):
    """Return how the handovers of a node ended."""
    return [effect.done for _at, effect in node.said(HandoverEnded)]


# Switchover


def test_a_switchover_keeps_the_addresses_until_the_other_is_heard():
    wire, a, b = two()
    began = wire.now
    a.handle(Switchover())
    assert a.sent() == [(began, "lan", 0), (began, "wan", 0)]
    assert a.state() == ACTIVE and a.said(Release) == []
    wire.run_until(lambda: a.state() == BACKUP)
    taken = b.transitions()[-1][0]
    released = a.said(Release)[0][0]
    assert taken == began + DELAY + SKEW_100
    # Its first word might have been the last of one that yields: it is asked, and answers.
    assert released == taken + 3 * DELAY
    assert ended(a) == [True]
    assert a.transitions() == [(released, BACKUP, "handed_over")]
    assert b.transitions()[-1][2] == "resigned"


def waiting(until):
    """Return an Active whose successor speaks and is not read, at the end of its waiting."""
    wire, a, b = two()
    a.handle(Switchover())
    for device in ("lan", "wan"):
        wire.cut(device, receiver=a)
    wire.run(until - 5 * MILLISECOND)
    assert b.state() == ACTIVE and ended(a) == []
    return wire, a


def doubt(node):
    """Let a node know that it may not have read all."""
    for device in ("lan", "wan"):
        node.handle(Flooded(device, 4))


def test_a_successor_whose_word_is_on_its_way_is_waited_for():
    """A router of one processor left its switchover undone, as what came in lay in its own kernel."""
    wire, a = waiting(WAIT)
    doubt(a)
    wire.heal()
    wire.run(SECOND)
    assert ended(a) == [True] and a.state() == BACKUP


def test_a_successor_is_not_waited_for_for_ever_in_a_flood():
    wire, a = waiting(WAIT)
    for _ in range(12):
        doubt(a)
        wire.run(99 * MILLISECOND)
    assert ended(a) == [False]


def test_the_end_of_a_handover_is_told_when_it_is_over():
    wire, a, _b = two()
    a.handle(Switchover())
    a.forget()
    wire.run(5 * SECOND)
    kinds = [type(effect) for _at, effect in a.effects]
    assert [kind for kind in kinds if kind is not Send] == [Release, Transition, HandoverEnded]


def test_a_switchover_is_not_preempted_back():
    wire, a, b = two(preempt=True)
    a.handle(Switchover())
    wire.run(60 * SECOND)
    assert wire.active() == ["b"]
    b.handle(Switchover())
    wire.run(60 * SECOND)
    assert wire.active() == ["a"]
    b.set_link("lan", False)
    b.set_link("lan", True)
    wire.run(10 * SECOND)
    assert wire.active() == ["a"]


def test_a_router_that_yielded_still_takes_over_when_the_other_dies():
    wire, a, b = two(preempt=True)
    a.handle(Switchover())
    wire.run(10 * SECOND)
    b.power_off()
    wire.run(5 * SECOND)
    assert a.state() == ACTIVE
    b.start()
    wire.run(20 * SECOND)
    assert wire.active() == ["a"]


def test_with_nobody_to_take_over_the_active_stays():
    wire, a = alone()
    a.handle(Switchover())
    took = wire.run_until(lambda: ended(a) != [])
    assert took == WAIT
    assert ended(a) == [False]
    assert a.state() == ACTIVE and a.said(Release) == []
    assert a.sent()[-2:] == [(wire.now, "lan", 200), (wire.now, "wan", 200)]
    a.forget()
    wire.run(10 * SECOND)
    assert len(a.sent()) == 20


def test_priority_zero_is_said_again_as_a_packet_can_be_lost():
    for lost in range(1, 5):
        wire, a, b = two()
        a.handle(Switchover())
        heard = []

        def loses(sender, _receiver, _device, message, lost=lost, heard=heard, a=a):
            if sender is a:
                heard.append(message)
            return sender is a and len(heard) <= lost

        wire.loses = loses
        wire.run(5 * SECOND)
        assert wire.active() == ["b"], lost


def test_a_switchover_of_one_group_leaves_the_others():
    wire = Wire()
    for name, priority in (("a", 200), ("b", 100)):
        wire.node(
            name,
            group(router("lan", priority=priority), name="in"),
            group(router("wan", priority=priority), name="out"),
        )
    wire.start()
    wire.nodes[0].handle(Switchover("out"))
    wire.run(5 * SECOND)
    assert wire.active("in") == ["a"] and wire.active("out") == ["b"]


def test_a_switchover_of_a_backup_is_nothing():
    _wire, _a, b = two()
    assert b.handle(Switchover()) == []
    assert b.handle(Switchover("gateway")) == []


def test_any_advertisement_ends_a_handover_whatever_its_priority():
    wire, a, b = two()
    a.handle(Switchover())
    wire.run(2 * SECOND)
    assert wire.active() == ["b"]
    # b has the lower priority, and a did not answer it as a lower one.
    assert a.sent(200) == []


def test_two_that_hand_over_at_once_do_not_stir_each_other():
    wire, a, b = two()
    wire.cut("lan")
    wire.cut("wan")
    wire.run(10 * SECOND)
    wire.heal()
    a.handle(Switchover())
    b.handle(Switchover())
    wire.run(10 * SECOND)
    assert len(wire.active()) == 1


def test_a_fault_in_the_midst_of_a_handover_ends_it_undone():
    wire, a, b = two()
    a.handle(Switchover())
    a.set_link("wan", False)
    assert a.state() == INITIALIZE
    assert ended(a) == [False]
    wire.run(5 * SECOND)
    assert wire.active() == ["b"]


# Maintenance


def test_maintenance_hands_over_and_stays_away():
    wire, a, b = two(preempt=True)
    a.handle(Maintenance(True))
    assert [member.priority for member in a.engine.groups["gateway"].members] == [1, 1]
    wire.run(60 * SECOND)
    assert wire.active() == ["b"]
    assert ended(a) == [True]


def test_maintenance_twice_is_once():
    wire, a, _b = two()
    a.handle(Maintenance(True))
    a.forget()
    assert a.handle(Maintenance(True)) == []


def test_after_maintenance_the_higher_priority_counts_again():
    wire, a, b = two(preempt=True)
    a.handle(Maintenance(True))
    wire.run(10 * SECOND)
    a.handle(Maintenance(False))
    wire.run(10 * SECOND)
    assert wire.active() == ["a"]
    assert b.state() == BACKUP


def test_in_maintenance_a_node_takes_over_when_nobody_else_can():
    wire, a, b = two()
    a.handle(Maintenance(True))
    wire.run(10 * SECOND)
    b.power_off()
    wire.run(5 * SECOND)
    assert a.state() == ACTIVE


def test_in_maintenance_a_lonely_active_asks_every_ten_seconds():
    wire, a = alone()
    a.handle(Maintenance(True))
    began = wire.now
    wire.run(40 * SECOND)
    began_at = [at - began for at, _effect in a.said(HandoverBegun)]
    assert len(began_at) == 4
    for number in range(3):
        before, after = began_at[number : number + 2]
        assert WAIT + RETRY_AFTER_US <= after - before <= WAIT + RETRY_AFTER_US + 2 * MARGIN_US
    # Who asked for maintenance is told once.
    assert [effect.done for _at, effect in a.said(HandoverEnded) if effect.asked] == [False]
    assert a.said(Release) == []


def test_in_maintenance_a_lonely_active_gives_way_to_one_that_does_not_preempt():
    wire, a, b = two()
    b.power_off()
    a.handle(Maintenance(True))
    wire.run(25 * SECOND)
    b.start()
    wire.run(15 * SECOND)
    assert wire.active() == ["b"]


def test_in_maintenance_a_backup_does_not_ask():
    # It became Active in maintenance, and a higher priority took over from it.
    wire, a, b = two(preempt=True)
    b.power_off()
    a.handle(Maintenance(True))
    wire.run(12 * SECOND)
    b.start()
    wire.run(5 * SECOND)
    assert wire.active() == ["b"]
    a.forget()
    wire.run(60 * SECOND)
    assert a.effects == []
    b.power_off()
    wire.run(5 * SECOND)
    assert a.state() == ACTIVE


def test_in_maintenance_a_fault_ends_the_asking():
    wire, a = alone()
    a.handle(Maintenance(True))
    wire.run(5 * SECOND)
    a.set_link("lan", False)
    a.forget()
    wire.run(60 * SECOND)
    assert a.effects == []


def test_a_takeover_in_maintenance_after_a_restart_asks_as_well():
    wire = Wire()
    a = wire.node("a", pair(200))
    a.load(*a.specs)
    a.handle(Maintenance(True))
    a.powered = True
    a.handle(Startup(("gateway",)))
    wire.run(11 * SECOND)
    assert a.sent(0) != []


def test_two_in_maintenance_do_not_hand_the_group_to_and_fro():
    wire, a, b = two()
    a.handle(Maintenance(True))
    wire.run(10 * SECOND)
    b.handle(Maintenance(True))
    wire.run(5 * SECOND)
    for node in wire.nodes:
        node.forget()
    wire.run(120 * SECOND)
    assert len(wire.active()) == 1
    assert a.said(Transition) == [] and b.said(Transition) == []


def test_the_end_of_maintenance_ends_a_handover_at_once():
    wire, a = alone()
    a.handle(Maintenance(True))
    wire.run(100 * MILLISECOND)
    a.handle(Maintenance(False))
    assert ended(a) == [False]
    assert a.sent(200) == [(wire.now, "lan", 200), (wire.now, "wan", 200)]
    a.forget()
    wire.run(30 * SECOND)
    assert a.sent(0) == []


def test_the_end_of_maintenance_in_between_asks_no_more():
    wire, a = alone()
    a.handle(Maintenance(True))
    wire.run(5 * SECOND)
    a.handle(Maintenance(False))
    a.forget()
    wire.run(30 * SECOND)
    assert a.sent(0) == []
    assert len(a.sent(200)) == 60


def test_a_switchover_in_maintenance_is_a_handover_too():
    wire, a = alone()
    a.handle(Maintenance(True))
    wire.run(5 * SECOND)
    a.handle(Switchover())
    a.handle(Maintenance(False))
    wire.run(5 * SECOND)
    assert ended(a) == [False, False]
    assert a.state() == ACTIVE


# Stop


def test_a_stop_hands_over_first():
    wire, a, b = two()
    began = wire.now
    a.stop()
    assert not a.engine.is_stopped() and a.state() == ACTIVE
    wire.run_until(a.engine.is_stopped)
    assert a.said(Release)[0][0] == began + 4 * DELAY + SKEW_100
    assert [effect.after for _at, effect in a.said(Transition)] == [BACKUP, INITIALIZE]
    assert wire.active() == ["b"]
    assert ended(a) == [True]


def test_a_stop_with_nobody_there_ends_soon_with_a_farewell():
    wire, a = alone()
    a.stop()
    took = wire.run_until(a.engine.is_stopped)
    assert took == WAIT
    assert {priority for _at, _name, priority in a.sent()} == {0}
    assert ended(a) == [False]


def test_a_backup_stops_without_a_word():
    wire, _a, b = two()
    b.stop()
    assert b.engine.is_stopped()
    assert b.said(Send) == []
    wire.run(10 * SECOND)
    assert wire.active() == ["a"]


def test_a_node_that_is_stopped_stays_so():
    wire, a, _b = two()
    a.stop()
    wire.run(5 * SECOND)
    a.set_link("lan", False)
    a.set_link("lan", True)
    a.load(*a.specs)
    assert a.engine.is_stopped()
    a.stop()
    assert a.engine.is_stopped()


def test_nothing_that_is_asked_for_holds_up_a_stop():
    for event in (Switchover(), Maintenance(True)):
        wire, a = alone()
        a.stop()
        a.handle(event)
        wire.run(3 * SECOND)
        assert a.engine.is_stopped(), event


def test_a_stop_ends_a_switchover_that_is_under_way():
    wire, a = alone()
    a.handle(Switchover())
    wire.run(500 * MILLISECOND)
    a.stop()
    wire.run(3 * SECOND)
    assert a.engine.is_stopped()


def test_a_node_in_maintenance_stops():
    wire, a, b = two()
    b.power_off()
    a.handle(Maintenance(True))
    wire.run(25 * SECOND)
    a.stop()
    wire.run(2 * SECOND)
    assert a.engine.is_stopped()


def test_no_announcement_after_the_release():
    wire, a, _b = two()
    a.handle(Switchover())
    wire.run(5 * SECOND)
    released = a.said(Release)[0][0]
    assert [at for at, _effect in a.said(Announce) if at > released] == []
