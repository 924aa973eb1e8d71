# SPDX-License-Identifier: GPL-2.0-or-later
"""Another configuration while running: what stays the same does not notice."""

from haven.core.clock import CENTISECOND, MILLISECOND, SECOND
from haven.core.effects import Announce, Reapply, Release, Renamed, Send, TakeOver, Transition
from haven.core.events import Maintenance, Switchover
from haven.core.vrrp.states import ACTIVE, BACKUP, INITIALIZE
from tests.core.wire import Wire, group, octets_of, pair, router


def two(**changes):
    """Return a wire with two nodes after the election, of which a is Active."""
    return of_priorities(200, 100, **changes)


def of_priorities(first, second, **changes):
    """Return a wire with two nodes after the election, of which the first has begun sooner."""
    wire = Wire()
    wire.node("a", pair(first, **changes)).start()
    wire.run(5 * SECOND)
    wire.node("b", pair(second, **changes)).start()
    wire.run(5 * SECOND)
    for node in wire.nodes:
        node.forget()
    return wire, wire.nodes[0], wire.nodes[1]


def kinds(node):
    """Return the kinds of the effects of a node, in order."""
    return [type(effect) for _at, effect in node.effects]


def test_the_same_again_changes_nothing():
    wire, a, b = two()
    before = a.member().deadline
    a.load(pair(200))
    b.load(pair(100))
    assert kinds(a) == [Reapply, Reapply] and kinds(b) == []
    assert a.member().deadline == before
    wire.run(20 * SECOND)
    assert a.said(Transition) == [] and b.said(Transition) == []


def test_other_addresses_are_applied_and_advertised_without_a_failover():
    wire, a, b = two()
    more = (octets_of("192.168.51.1"), octets_of("192.168.51.2"))
    a.load(group(router("lan", priority=200, addresses=more), router("wan", priority=200)))
    assert kinds(a) == [Reapply, Reapply]
    wire.run(2 * SECOND)
    assert [len(effect.packets[0][1]) for _at, effect in a.said(Send) if effect.router == "lan"][-1] == 16
    assert "addresses" in b.member().anomalies
    assert b.said(Transition) == []


def test_a_new_priority_is_said_at_once():
    wire, a, b = two(preempt=True)
    a.load(pair(50, preempt=True))
    assert a.said(Release) == []
    wire.run(1)
    assert a.sent(50) != []
    wire.run(10 * SECOND)
    assert wire.active() == ["b"]


def test_a_shorter_interval_counts_at_once():
    wire = Wire()
    slow = group(router(priority=200, advert_interval_us=4000 * CENTISECOND))
    wire.node("a", slow)
    wire.nodes[0].start()
    wire.run(200 * SECOND)
    a = wire.nodes[0]
    a.forget()
    a.load(group(router(priority=200, advert_interval_us=CENTISECOND)))
    wire.run(10 * CENTISECOND)
    assert len(a.sent()) >= 10


def test_a_longer_interval_does_not_make_the_backup_nervous():
    wire, a, b = two()
    a.load(
        group(
            router("lan", priority=200, advert_interval_us=400 * CENTISECOND),
            router("wan", priority=200, advert_interval_us=400 * CENTISECOND),
        )
    )
    wire.run(60 * SECOND)
    assert wire.active() == ["a"] and b.said(Transition) == []


def test_preempt_switched_on_takes_effect():
    wire, a, b = two()
    a.power_off()
    wire.run(5 * SECOND)
    a.start()
    wire.run(10 * SECOND)
    assert wire.active() == ["b"]
    a.load(pair(200, preempt=True))
    wire.run(10 * SECOND)
    assert wire.active() == ["a"]


def test_a_virtual_router_that_is_gone_lets_go_without_a_word():
    # Others would take priority 0 for the whole group's.
    wire, a, b = two()
    a.load(group(router("lan", priority=200)))
    assert a.sent(0) == []
    assert [effect.routers for _at, effect in a.said(Release)] == [("wan",)]
    assert a.state() == ACTIVE
    wire.run(20 * SECOND)
    assert wire.active() == ["a"]


def test_a_backup_left_with_a_deaf_member_is_not_stuck():
    wire, a, b = two()
    wire.cut("wan")
    wire.run(10 * SECOND)
    assert b.member("wan").silent
    b.load(group(router("wan")))
    wire.run(5 * SECOND)
    assert b.state() == ACTIVE


def test_a_new_virtual_router_of_an_active_group_is_taken():
    wire = Wire()
    wire.node("a", group(router(priority=200)))
    wire.node("b", group(router(priority=100)))
    wire.start()
    a, b = wire.nodes
    a.forget()
    b.forget()
    b.load(pair(100))
    a.load(pair(200))
    assert [effect.routers for _at, effect in a.said(TakeOver)] == [("wan",)]
    assert [effect.router for _at, effect in a.said(Announce)] == ["wan"]
    wire.run(20 * SECOND)
    assert wire.active() == ["a"] and b.said(Transition) == []
    assert ("wan", 200) in [(name, priority) for _at, name, priority in a.sent()]


def test_a_new_virtual_router_on_a_dead_link_takes_the_group_down():
    wire = Wire()
    wire.node("a", group(router(priority=200)))
    wire.node("b", group(router()))
    wire.start()
    a = wire.nodes[0]
    a.down = ["wan"]
    a.load(pair(200))
    assert a.state() == INITIALIZE
    wire.run(2 * SECOND)
    assert wire.active() == ["b"]


def test_a_new_virtual_router_in_the_midst_of_a_handover_keeps_still():
    wire = Wire()
    a = wire.node("a", group(router(priority=200)))
    wire.start()
    a.handle(Switchover())
    a.forget()
    a.load(pair(200))
    wire.run(SECOND)
    assert a.sent(200) == []
    wire.run(SECOND)
    assert [name for _at, name, _priority in a.sent(200)][:2] == ["lan", "wan"]


def test_another_name_is_the_same_virtual_router():
    wire, a, b = two()
    a.load(group(router("inside", device="lan", vrid=51, priority=200), router("wan", priority=200)))
    assert a.said(Release) == [] and a.said(TakeOver) == []
    assert [effect.routers for _at, effect in a.said(Renamed)] == [{"lan": "inside"}]
    wire.run(20 * SECOND)
    assert wire.active() == ["a"]


def test_virtual_routers_may_exchange_their_names():
    wire, a, b = two()
    wan = router("lan", device="wan", vrid=52, priority=200, addresses=router("wan").addresses)
    a.load(group(router("wan", device="lan", vrid=51, priority=200, addresses=router("lan").addresses), wan))
    assert a.said(Release) == [] and a.said(TakeOver) == []
    assert [effect.routers for _at, effect in a.said(Renamed)] == [{"lan": "wan", "wan": "lan"}]
    wire.run(20 * SECOND)
    assert wire.active() == ["a"]


def test_another_vrid_is_another_virtual_router():
    wire, a, _b = two()
    a.load(group(router("lan", vrid=77, priority=200), router("wan", priority=200)))
    assert [type(effect) for _at, effect in a.effects if type(effect) in (Release, TakeOver)] == [
        Release,
        TakeOver,
    ]
    assert a.state() == ACTIVE


def test_a_group_that_is_renamed_stays_as_it_is():
    wire, a, b = two()
    a.load(pair(200, name="other"))
    assert a.state("other") == ACTIVE and a.said(Release) == [] and a.said(Transition) == []
    assert [effect.groups for _at, effect in a.said(Renamed)] == [{"other": "gateway"}]
    wire.run(20 * SECOND)
    assert b.state() == BACKUP and b.said(Transition) == []


def test_a_group_that_is_gone_lets_go_and_a_new_one_starts_as_backup():
    wire, a, b = two()
    a.load(group(router("dmz", device="wan", vrid=99, priority=200), name="other"))
    assert a.state("other") == BACKUP
    assert [effect.routers for _at, effect in a.said(Release)] == [("lan", "wan")]
    assert len(a.sent(0)) == 2
    wire.run(2 * SECOND)
    assert b.state() == ACTIVE
    assert sorted(a.engine.groups) == ["other"]


def test_a_virtual_router_that_changes_its_group_stays_where_it_is():
    wire, a, b = two()
    for node, priority in ((a, 200), (b, 100)):
        node.load(
            group(router("lan", priority=priority)), group(router("wan", priority=priority), name="outside")
        )
    assert a.said(Release) == [] and a.said(TakeOver) == []
    wire.run(10 * SECOND)
    assert wire.active() == wire.active("outside") == ["a"]


def test_groups_that_become_one_stay_where_they_are():
    wire = Wire()
    for name, priority in (("a", 200), ("b", 100)):
        wire.node(
            name,
            group(router("lan", priority=priority)),
            group(router("wan", priority=priority), name="outside"),
        )
    wire.start()
    a, b = wire.nodes
    a.forget()
    for node, priority in ((b, 100), (a, 200)):
        node.load(pair(priority))
        wire.run(20 * SECOND)
    assert a.said(Release) == [] and a.said(TakeOver) == []
    assert wire.active() == ["a"]


def test_a_removed_or_renumbered_virtual_router_costs_nobody_the_group_in_any_phase():
    for priorities in ((100, 200), (200, 100)):
        for change in ({}, {"vrid": 99}):
            for phase in range(0, 1000, 25):
                wire, holder, other = of_priorities(*priorities)
                wire.run(phase * MILLISECOND)
                for node in (holder, other):
                    members = [router("lan", priority=node.member("lan").spec.priority)]
                    if change:
                        members.append(router("wan", priority=node.member("wan").spec.priority, **change))
                    node.load(group(*members))
                    wire.run(4 * SECOND)
                assert wire.active() == [holder.name], (priorities, change, phase)
                assert other.said(TakeOver) == [], (priorities, change, phase)


def test_a_whole_group_of_new_virtual_routers_keeps_its_state():
    wire, a, _b = two()
    a.load(group(router("dmz", device="lan", vrid=9, priority=200)))
    assert a.state() == ACTIVE and a.held == ["dmz"]


def test_a_new_group_in_maintenance_is_in_maintenance():
    wire, a, _b = two()
    a.handle(Maintenance(True))
    wire.run(5 * SECOND)
    a.load(pair(200), group(router("dmz", priority=200), name="dmz"))
    assert a.member("dmz").priority == 1


def test_retire_alone_lets_go_of_what_is_not_wanted():
    wire, a, _b = two()
    effects = a.engine.retire((pair(200),), wire.now)
    assert list(effects) == []
    effects = a.engine.retire((), wire.now)
    assert [type(effect) for effect in effects][-2:] == [Release, Transition]
    assert a.engine.groups == {} and a.engine.is_stopped()


# What both sides have to have alike, and one of them reloads first.
ALIKE = (
    ({"version": 2, "auth": b"old"}, {"version": 2, "auth": b"new"}),
    ({"version": 2, "auth": b"old"}, {"version": 2}),
    ({"version": 2}, {"version": 2, "auth": b"new"}),
    ({"version": 2}, {}),
    ({}, {"version": 2}),
    ({"version": 2}, {"version": 2, "advert_interval_us": 4 * SECOND}),
    ({"version": 2, "advert_interval_us": 4 * SECOND}, {"version": 2}),
    ({}, {"advert_interval_us": SECOND // 10}),
    ({"advert_interval_us": SECOND // 10}, {}),
    ({}, {"advert_interval_us": 4 * SECOND}),
    ({"advert_interval_us": 4 * SECOND}, {}),
    ({}, {"checksum": "message"}),
    ({}, {"addresses": (octets_of("192.168.1.9"),)}),
)


def test_what_both_sides_have_to_have_alike_may_change_on_either_first():
    for before, after in ALIKE:
        for first in (0, 1):
            wire = Wire()
            wire.node("a", group(router(priority=200, **before)))
            wire.node("b", group(router(priority=100, **before)))
            wire.start()
            wire.run(20 * SECOND)
            assert wire.active() == ["a"]
            b = wire.nodes[1]
            b.forget()
            for node in (wire.nodes[first], wire.nodes[1 - first]):
                node.load(group(router(priority=200 if node is wire.nodes[0] else 100, **after)))
                wire.run(60 * SECOND)
            assert wire.active() == ["a"], (before, after, first)
            assert b.said(Transition) == [], (before, after, first)
            assert "settings" not in b.member().anomalies
            wire.nodes[0].power_off()
            wire.run(20 * SECOND)
            assert wire.active() == ["b"]


def test_an_active_that_is_followed_with_other_settings_is_told_of():
    wire = Wire()
    wire.node("a", group(router(version=2, priority=200, auth=b"old")))
    wire.node("b", group(router(version=2, auth=b"old")))
    wire.start()
    b = wire.nodes[1]
    b.load(group(router(version=2, auth=b"new")))
    wire.run(2 * SECOND)
    assert "settings" in b.member().anomalies
    # A stranger's word with the old password is none.
    assert b.state() == BACKUP
