# SPDX-License-Identifier: GPL-2.0-or-later
"""Virtual routers that change state together, their faults and their priorities."""

from haven.core.clock import MILLISECOND, SECOND
from haven.core.effects import FaultsChanged, PriorityChanged, Release, Send, TakeOver, Transition
from haven.core.events import AddressesChanged, AnnounceAgain
from haven.core.vrrp.advert import Advert, encode
from haven.core.vrrp.states import ACTIVE, BACKUP, INITIALIZE
from tests.core.wire import DELAY, Wire, gaps, group, octets_of, pair, router

SKEW_100 = (256 - 100) * SECOND // 256


def two(a=200, b=100, **changes):
    """Return a wire with two nodes that run a LAN and a WAN side, after the election."""
    wire = Wire()
    wire.node("a", pair(a, **changes))
    wire.node("b", pair(b, **changes))
    wire.start()
    return wire, wire.nodes[0], wire.nodes[1]


def opposed(lan_delay=DELAY, wan_delay=DELAY):
    """Return a wire with two nodes of equal priority whose addresses rank them one way on each link."""
    wire = Wire()
    wire.delays = {"lan": lan_delay, "wan": wan_delay}
    wire.node("a", pair(), lan="10.0.0.2", wan="10.1.0.1")
    wire.node("b", pair(), lan="10.0.0.1", wan="10.1.0.2")
    return wire


# One state


def test_a_group_takes_over_at_once_and_in_one_batch():
    _wire, a, b = two()
    assert [effect.routers for _at, effect in a.said(TakeOver)] == [("lan", "wan")]
    assert b.said(TakeOver) == []


def test_members_speak_in_one_wake_up():
    wire, a, _b = two()
    a.forget()
    wire.run(10 * SECOND)
    times = sorted({at for at, _name, _priority in a.sent()})
    assert len(times) == 10 and len(a.sent()) == 20


def test_members_out_of_step_come_together_and_stay_regular():
    wire, a, _b = two()
    a.member("wan").deadline += 40 * MILLISECOND
    a.forget()
    wire.run(10 * SECOND)
    wan = [at for at, name, _priority in a.sent() if name == "wan"]
    assert len({at for at, _name, _priority in a.sent()}) == 10
    assert max(gaps(wan)) <= SECOND


def test_silence_on_one_link_alone_is_no_takeover():
    wire, _a, b = two()
    wire.cut("wan")
    wire.run(30 * SECOND)
    assert wire.active() == ["a"]
    assert b.member("wan").silent and not b.member("lan").silent
    wire.heal()
    wire.run(2 * SECOND)
    assert not b.member("wan").silent


def test_a_member_that_was_deaf_does_not_hold_up_a_takeover():
    wire, a, b = two()
    wire.cut("wan")
    wire.run(30 * SECOND)
    a.power_off()
    wire.run(4 * SECOND)
    assert b.state() == ACTIVE


def test_two_groups_are_on_their_own():
    wire = Wire()
    for name, lan, wan in (("a", 200, 100), ("b", 100, 200)):
        wire.node(
            name,
            group(router("lan", priority=lan), name="in"),
            group(router("wan", priority=wan), name="out"),
        )
    wire.start()
    assert wire.active("in") == ["a"] and wire.active("out") == ["b"]


def test_families_of_one_vrid_are_two_virtual_routers():
    wire = Wire()
    for name, priority in (("a", 200), ("b", 100)):
        wire.node(
            name,
            group(
                router("lan6", device="lan", vrid=51, family=6, priority=priority),
                router("lan", priority=priority),
            ),
        )
    wire.start()
    assert wire.active() == ["a"]
    assert [member.spec.name for member in wire.nodes[0].engine.groups["gateway"].members] == ["lan", "lan6"]


# A split that heals


def test_opposed_addresses_elect_one():
    wire = opposed()
    wire.start()
    assert len(wire.active()) == 1


def test_opposed_addresses_elect_one_whichever_link_is_the_faster():
    for lan, wan in ((100, 5000), (5000, 100), (1, 200000), (200000, 1), (100, 101), (101, 100)):
        wire = opposed(lan, wan)
        wire.start()
        assert len(wire.active()) == 1, (lan, wan)


def test_a_healed_split_of_opposed_addresses_leaves_one_and_never_none():
    for lan, wan in ((100, 100), (5000, 100), (100, 5000), (300000, 100), (100, 300000)):
        for phase in range(0, 1000, 90):
            wire = opposed(lan, wan)
            wire.cut("lan")
            wire.cut("wan")
            wire.nodes[0].start()
            wire.run(phase * MILLISECOND)
            wire.nodes[1].start()
            wire.run(20 * SECOND)
            assert wire.active() == ["a", "b"]
            wire.heal()
            for _ in range(400):
                wire.run(10 * MILLISECOND)
                assert wire.active(), (lan, wan, phase)
            assert len(wire.active()) == 1, (lan, wan, phase)


def test_opposed_addresses_agree_by_the_one_link_that_carries():
    wire = opposed()
    wire.cut("lan")
    wire.cut("wan")
    wire.start()
    wire.heal()
    wire.cut("lan")
    wire.run(10 * SECOND)
    assert wire.active() == ["b"]


def test_one_vrid_on_both_links_in_whatever_order_leaves_one():
    # The device names may differ from node to node, too: only the virtual addresses are the same.
    for delays in ((100, 100), (5000, 100), (100, 5000)):
        lan = router("lan", vrid=7, addresses=(octets_of("192.168.1.1"),))
        wan = router("wan", vrid=7, addresses=(octets_of("203.0.113.1"),))
        wire = Wire()
        wire.delays = {"lan": delays[0], "wan": delays[1]}
        wire.node("a", group(lan, wan), lan="10.0.0.2", wan="10.1.0.1")
        wire.node("b", group(wan, lan), lan="10.0.0.1", wan="10.1.0.2")
        wire.start()
        assert len(wire.active()) == 1


def test_rivals_that_have_not_decided_yet_do_not_shout_at_each_other():
    # An answer to each answer would be a storm.
    wire = opposed(lan_delay=500 * MILLISECOND, wan_delay=100)
    wire.cut("lan")
    wire.cut("wan")
    wire.start()
    for node in wire.nodes:
        node.forget()
    wire.heal()
    wire.run(10 * SECOND)
    assert len(wire.nodes[0].sent()) + len(wire.nodes[1].sent()) < 60


def test_members_of_unlike_priorities_leave_one():
    # a is the higher on the LAN and the lower on the WAN.
    for lan, wan in ((100, 100), (5000, 100), (100, 5000)):
        wire = Wire()
        wire.delays = {"lan": lan, "wan": wan}
        wire.node("a", group(router("lan", priority=200), router("wan", priority=100)))
        wire.node("b", group(router("lan", priority=100), router("wan", priority=200)))
        wire.start()
        assert len(wire.active()) == 1
        wire.cut("lan")
        wire.cut("wan")
        wire.run(20 * SECOND)
        assert wire.active() == ["a", "b"]
        wire.heal()
        for _ in range(40):
            wire.run(100 * MILLISECOND)
            assert wire.active(), (lan, wan)
        assert len(wire.active()) == 1


def test_a_priority_that_is_set_on_one_link_alone_is_no_endless_draw():
    # On the LAN the addresses decide for b, on the WAN the priority is a's: nobody anywhere has a higher one.
    wire = Wire()
    wire.node("a", group(router("lan"), router("wan", priority=150)))
    wire.node("b", pair())
    wire.start()
    assert wire.active() == ["a"]


# Faults


def test_a_link_down_sends_priority_zero_on_the_healthy_members_at_once():
    wire, a, b = two()
    a.forget()
    at = wire.now
    a.set_link("wan", False)
    assert a.state() == INITIALIZE
    assert (at, "lan", 0) in a.sent()
    assert [effect.routers for _at, effect in a.said(Release)] == [("lan", "wan")]
    assert [effect.faults for _at, effect in a.said(FaultsChanged)] == [(("link-down", "wan"),)]
    wire.run_until(lambda: b.state() == ACTIVE)
    assert wire.now - at == DELAY + SKEW_100
    assert b.transitions()[-1][2] == "resigned"


def test_a_farewell_that_was_taken_back_on_one_link_is_so_where_another_brings_nothing():
    wire, a, b = two()
    wire.cut("lan")
    wire.run(5 * SECOND)
    wire.run(b.member("wan").heard_at + 900 * MILLISECOND - wire.now)
    spec, source = a.member("wan").spec, a.address("wan")
    farewell = Advert(3, spec.vrid, 0, SECOND, spec.addresses)
    b.hear(encode(farewell, source, spec.destinations()[0]), source, "wan")
    assert all(member.resigned for member in b.engine.groups["gateway"].members)
    wire.run(5 * SECOND)
    assert not any(member.resigned for member in b.engine.groups["gateway"].members)
    a.power_off()
    wire.run(5 * SECOND)
    assert [each[1:] for each in b.transitions()][-1] == (ACTIVE, "silence")


def test_a_fault_of_a_backup_is_silent():
    wire, _a, b = two()
    b.forget()
    b.set_link("lan", False)
    assert b.state() == INITIALIZE
    assert b.said(Send) == [] and b.said(Release) == []


def test_recovery_waits_as_at_start():
    wire, a, b = two()
    a.set_link("wan", False)
    wire.run(10 * SECOND)
    a.set_link("wan", True)
    assert a.state() == BACKUP
    wire.run(30 * SECOND)
    assert wire.active() == ["b"]
    b.set_link("lan", False)
    wire.run(2 * SECOND)
    assert wire.active() == ["a"]


def test_recovery_with_preempt_takes_the_group_back():
    wire, a, b = two(preempt=True)
    a.set_link("wan", False)
    wire.run(10 * SECOND)
    a.set_link("wan", True)
    wire.run(10 * SECOND)
    assert wire.active() == ["a"]
    assert b.state() == BACKUP


def test_a_second_fault_is_told_and_the_first_recovery_is_not_enough():
    wire, a, _b = two()
    a.set_link("wan", False)
    a.set_link("lan", False)
    assert a.engine.groups["gateway"].faults == (("link-down", "lan"), ("link-down", "wan"))
    a.set_link("wan", True)
    assert a.state() == INITIALIZE
    a.set_link("lan", True)
    assert a.state() == BACKUP


def test_the_loss_of_the_source_address_is_a_fault():
    wire, a, b = two()
    a.forget()
    a.handle(AddressesChanged("lan", 4, ()))
    wire.run(SECOND + SECOND // 10)
    assert a.state() == INITIALIZE
    assert a.member("lan").faults == (("no-source", "lan"),)
    # There is nothing left to say it from on the LAN.
    assert [(name, priority) for _at, name, priority in a.sent(0)] == [("wan", 0)]
    wire.run(2 * SECOND)
    assert wire.active() == ["b"]


def test_an_address_that_is_gone_for_a_moment_is_no_fault():
    # As when an interface is set up anew; it may come back as another one.
    for node_at in (0, 1):
        for last in ("10.0.0.1", "10.0.0.61"):
            wire, a, b = two()
            node = (a, b)[node_at]
            a.forget()
            b.forget()
            node.handle(AddressesChanged("lan", 4, ()))
            wire.run(SECOND * 9 // 10)
            assert wire.active() == ["a"] and len(a.sent(200)) >= 1
            node.addresses[("lan", 4)] = (octets_of(last),)
            node.handle(AddressesChanged("lan", 4, (octets_of(last),)))
            wire.run(5 * SECOND)
            assert wire.active() == ["a"]
            assert a.said(Transition) == b.said(Transition) == []
            assert a.said(FaultsChanged) == b.said(FaultsChanged) == []


def test_another_source_address_is_spoken_from():
    wire, a, b = two()
    a.forget()
    new = octets_of("10.0.0.61")
    a.addresses[("lan", 4)] = (new,)
    a.handle(AddressesChanged("lan", 4, (new,)))
    wire.run(2 * SECOND)
    assert wire.active() == ["a"]
    assert b.member("lan").active_source == new


def test_a_tracked_link_is_a_fault():
    wire = Wire()
    wire.node("a", group(router(priority=200, tracks=(("dsl", 0),))))
    wire.node("b", group(router()))
    wire.start()
    wire.nodes[0].set_link("dsl", False)
    assert wire.nodes[0].engine.groups["gateway"].faults == (("tracked-down", "dsl"),)
    wire.run(2 * SECOND)
    assert wire.active() == ["b"]


def test_a_start_with_a_fault_waits_for_the_recovery():
    wire = Wire()
    node = wire.node("a", group())
    node.down = ["lan"]
    node.start(adopt=("gateway",))
    wire.run(10 * SECOND)
    assert node.state() == INITIALIZE
    node.set_link("lan", True)
    wire.run(10 * SECOND)
    assert node.state() == ACTIVE


# Priorities


def test_a_tracked_weight_lowers_the_priority_and_hands_the_group_over():
    wire = Wire()
    track = (("dsl", 120),)
    wire.node(
        "a", group(router("lan", priority=200, tracks=track), router("wan", priority=200), preempt=True)
    )
    wire.node("b", pair(100, preempt=True))
    wire.start()
    a, b = wire.nodes
    a.set_link("dsl", False)
    assert a.said(PriorityChanged)[-1][1].penalty == 120
    assert [member.priority for member in a.engine.groups["gateway"].members] == [80, 80]
    wire.run(6 * SECOND)
    assert wire.active() == ["b"]
    a.set_link("dsl", True)
    wire.run(6 * SECOND)
    assert wire.active() == ["a"]
    assert b.state() == BACKUP


def test_a_device_tracked_twice_counts_once_and_the_rest_adds_up():
    wire = Wire()
    node = wire.node(
        "a",
        group(
            router("lan", priority=200, tracks=(("dsl", 20), ("lte", 5))),
            router("wan", priority=200, tracks=(("dsl", 30),)),
        ),
    )
    node.down = ["dsl", "lte"]
    node.start()
    assert node.member("wan").priority == 165


def test_a_priority_never_falls_below_one_and_an_owner_keeps_his():
    for priority, left in ((100, 1), (255, 255)):
        wire = Wire()
        node = wire.node("a", group(router(priority=priority, tracks=(("dsl", 250),))))
        node.down = ["dsl"]
        node.start()
        assert node.member().priority == left


# What the host puts right


def test_addresses_put_back_are_announced_at_once():
    wire, a, _b = two()
    a.forget()
    effects = a.handle(AnnounceAgain("lan"))
    assert [effect.router for effect in effects] == ["lan"]


def test_a_backup_is_not_made_to_announce():
    wire, _a, b = two()
    b.forget()
    assert b.handle(AnnounceAgain("lan")) == []
    wire.run(100 * SECOND)
    assert b.effects == []


def test_a_virtual_router_that_is_gone_is_not_announced():
    _wire, a, _b = two()
    assert a.handle(AnnounceAgain("dmz")) == []
