# SPDX-License-Identifier: GPL-2.0-or-later
"""What the verdicts of checks do to a group: who is to be Active where a host is reached, or is not."""

from haven.core.clock import MILLISECOND, SECOND
from haven.core.effects import PriorityChanged
from haven.core.events import CheckChanged, Maintenance, Switchover
from haven.core.vrrp.states import ACTIVE, BACKUP, INITIALIZE
from tests.core.duel import say
from tests.core.wire import Wire, group, octets_of, pair, router

CHECK = (("provider", 254),)
FAULT = (("provider", 0),)


def two(a=150, b=100, checks=CHECK, reached=(True, True), **changes):
    """Return a wire with two nodes that both check the provider, after the election."""
    wire = Wire()
    wire.node("a", pair(a, checks=checks, **changes))
    wire.node("b", pair(b, checks=checks, **changes))
    for node in wire.nodes:
        node.start()
    for number, up in enumerate(reached):
        judge(wire.nodes[number], up)
    wire.run(10 * SECOND)
    return wire, wire.nodes[0], wire.nodes[1]


def judge(node, up):
    """Give the provider's check of a node a verdict."""
    return node.handle(CheckChanged("provider", up))


def test_a_dead_provider_moves_the_group_within_an_interval_whatever_preempt_says():
    for preempt in (False, True):
        wire, a, b = two(preempt=preempt)
        assert wire.active() == ["a"]
        judge(a, False)
        assert a.member().priority == 1
        assert wire.run_until(lambda wire=wire: wire.active() == ["b"]) < SECOND
        assert b.transitions()[-1][2] == "preempt"


def test_nobody_moves_where_neither_router_reaches_the_provider():
    for preempt in (False, True):
        wire, a, b = two(preempt=preempt)
        judge(b, False)
        judge(a, False)
        a.forget()
        b.forget()
        wire.run(60 * SECOND)
        assert wire.active() == ["a"]
        assert a.transitions() + b.transitions() == []


def test_nobody_moves_when_the_second_provider_dies_after_the_first():
    for preempt in (False, True):
        wire, a, b = two(preempt=preempt)
        judge(a, False)
        wire.run(10 * SECOND)
        judge(b, False)
        wire.run(60 * SECOND)
        assert wire.active() == ["b"]
        assert len(a.transitions()) == 3


def test_the_first_that_reaches_the_provider_again_takes_over():
    wire, a, b = two()
    judge(b, False)
    judge(a, False)
    wire.run(10 * SECOND)
    judge(b, True)
    wire.run(5 * SECOND)
    assert wire.active() == ["b"]


def test_a_recovered_router_comes_back_only_with_preempt_and_after_its_delay():
    for preempt, there in ((False, "b"), (True, "a")):
        wire, a, _b = two(preempt=preempt, preempt_delay_us=20 * SECOND)
        judge(a, False)
        wire.run(5 * SECOND)
        # The delay is for coming back, not for a dead provider.
        assert wire.active() == ["b"]
        judge(a, True)
        wire.run(15 * SECOND)
        assert wire.active() == ["b"]
        wire.run(15 * SECOND)
        assert wire.active() == [there]


def test_a_router_that_does_not_know_yet_takes_over_from_nobody_alive():
    wire, a, b = two(preempt=True, reached=(True, False))
    a.power_off()
    wire.run(10 * SECOND)
    assert wire.active() == ["b"]
    a.start()
    wire.run(30 * SECOND)
    assert (wire.active(), a.state()) == (["b"], BACKUP)
    judge(a, True)
    wire.run(5 * SECOND)
    assert wire.active() == ["a"]


def test_a_router_that_does_not_know_yet_takes_over_from_a_dead_one():
    wire = Wire()
    node = wire.node("a", pair(checks=CHECK))
    wire.start()
    assert node.state() == ACTIVE


def test_without_a_weight_a_failing_check_is_a_fault_and_the_group_waits_for_it():
    wire, a, b = two(checks=FAULT)
    judge(a, False)
    assert a.state() == INITIALIZE
    assert a.engine.groups["gateway"].faults == (("check-down", "provider"),)
    wire.run(2 * SECOND)
    assert wire.active() == ["b"]
    judge(a, True)
    assert a.state() == BACKUP


def test_weights_of_checks_and_devices_add_up():
    wire = Wire()
    node = wire.node(
        "a", group(router(priority=200, tracks=(("dsl", 20),)), checks=(("provider", 30), ("dns", 5)))
    )
    node.down = ["dsl"]
    node.start()
    judge(node, False)
    assert node.member().priority == 150
    assert node.said(PriorityChanged)[-1][1].penalty == 50


def test_a_switchover_to_a_router_without_a_provider_does_not_last():
    wire, a, b = two(reached=(True, False))
    a.handle(Switchover())
    wire.run(5 * SECOND)
    assert wire.active() == ["a"]
    assert [state for _at, state, _why in a.transitions()][-3:] == ["active", "backup", "active"]


def test_of_an_active_in_maintenance_and_a_backup_without_provider_nobody_moves():
    wire, a, b = two(reached=(True, False))
    b.handle(Maintenance(True))
    judge(a, False)
    a.forget()
    b.forget()
    wire.run(60 * SECOND)
    assert wire.active() == ["a"]
    assert a.transitions() == []


def test_a_reload_that_drops_a_check_forgets_its_verdict():
    wire, a, _b = two()
    judge(a, False)
    a.load(pair(150))
    assert a.member().priority == 150
    a.load(pair(150, checks=CHECK))
    assert a.member().priority == 150
    assert a.engine.verdict("provider") is None


def test_a_relief_waits_for_the_connections_and_no_longer():
    wire, a, b = two(sync_wait_us=30 * SECOND)
    b.power_off()
    b.start()
    judge(b, True)
    wire.run(5 * SECOND)
    judge(a, False)
    wire.run(10 * SECOND)
    assert wire.active() == ["a"]
    wire.run(20 * SECOND)
    assert wire.active() == ["b"]


def test_a_lowered_active_that_ranks_higher_on_another_link_is_not_taken_over_again_and_again():
    # 60 off makes 140 on the LAN, and 1 on the WAN, which is heard last.
    checks = (("provider", 60),)
    wire = Wire()
    for name, lan, wan in (("a", 200, 50), ("b", 120, 120)):
        members = (router("lan", priority=lan), router("wan", priority=wan))
        wire.node(name, group(*members, checks=checks, preempt=True))
    for node in wire.nodes:
        node.start()
        judge(node, True)
        # The first is Active before the second comes.
        wire.run(10 * SECOND)
    assert wire.active() == ["a"]
    judge(wire.nodes[0], False)
    wire.run(20 * SECOND)
    assert len(wire.nodes[1].transitions()) <= 3


def test_a_lowered_active_is_relieved_although_a_stranger_was_followed_before_it():
    wire = Wire()
    node = wire.node("a", pair(preempt=False))
    wire.start()
    say(node, 254, octets_of("10.0.0.66"), 40950 * MILLISECOND)
    assert node.state() == BACKUP
    for _ in range(20):
        wire.run(SECOND // 2)
        say(node, 1)
    assert node.state() == ACTIVE
