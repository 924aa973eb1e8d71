# SPDX-License-Identifier: GPL-2.0-or-later
"""An Active whose link takes no packets, although it has a carrier."""

from haven.core.clock import SECOND
from haven.core.effects import Doubted
from haven.core.events import Vouched
from haven.core.vrrp.constants import multicast_group
from haven.core.vrrp.states import ACTIVE, BACKUP
from tests.core.wire import Wire, group, open_other_path, pair, router

INTERVAL = SECOND // 10


def settled(specs=pair, **changes):
    """Return a wire, an Active and a Backup."""
    wire = Wire()
    a, b = (wire.node(name, specs(priority, **changes)) for name, priority in (("a", 200), ("b", 100)))
    wire.start()
    assert (a.state(), b.state()) == (ACTIVE, BACKUP)
    return wire, a, b


def one(priority, **changes):
    """Return a group of one virtual router."""
    return group(router(priority=priority, advert_interval_us=INTERVAL), **changes)


def quick_pair(priority, **changes):
    """Return a group of a LAN and a WAN side that advertise often."""
    sides = [router(name, priority=priority, advert_interval_us=INTERVAL) for name in ("lan", "wan")]
    return group(*sides, **changes)


def talk(wire, nodes, seconds):
    """Let the nodes ask each other by another path, as the hosts do, and try their links each second."""
    for _ in range(10 * seconds):
        wire.run(SECOND // 10)
        for node in nodes:
            if node.said(Doubted) or node.state() == ACTIVE:
                node.forget()
                for other in nodes:
                    if other is not node:
                        vouch(other, node)
        if not wire.now // (SECOND // 10) % 10:
            for node in nodes:
                node.probe()


def vouch(active, asker):
    """Bring what an Active says of itself by another path, if it does."""
    if active.engine.groups["gateway"].vouches(active.wire.now):
        for name in sorted(active.engine.routers):
            member = active.member(name)
            said, to = member.vouching(active.wire.now), multicast_group(4)
            message = said.packets[0][1]
            asker.handle(Vouched(member.spec.device, 4, said.source, to, message, member.is_mute))


def pathed(specs=one):
    """Return the same with another path between the two."""
    wire, a, b = settled(specs)
    open_other_path((a, b))
    return wire, a, b


def test_active_that_cannot_send_is_relieved_where_another_path_would_have_vouched_for_it():
    wire, a, b = pathed()
    a.mute = ["lan"]
    talk(wire, (a, b), 6)
    assert (a.state(), b.state()) == (BACKUP, ACTIVE)


def test_active_that_cannot_send_on_one_of_two_links_is_relieved():
    wire, a, b = settled(quick_pair)
    a.mute = ["lan"]
    wire.run(2 * SECOND)
    assert (a.state(), b.state()) == (BACKUP, ACTIVE)


def test_the_same_with_another_path():
    wire, a, b = pathed(quick_pair)
    a.mute = ["wan"]
    talk(wire, (a, b), 6)
    assert (a.state(), b.state()) == (BACKUP, ACTIVE)


def test_of_two_that_cannot_send_one_serves_and_goes_on():
    wire, a, b = pathed()
    a.mute = b.mute = ["lan"]
    talk(wire, (a, b), 10)
    active = wire.active()
    assert len(active) == 1
    for _ in range(30):
        talk(wire, (a, b), 1)
        assert wire.active() == active


def test_the_only_router_goes_on_although_its_link_takes_nothing():
    wire, a, b = settled(one)
    b.power_off()
    a.mute = ["lan"]
    wire.run(20 * SECOND)
    assert a.state() == ACTIVE and a.member().priority == 1


def test_full_queue_for_a_moment_moves_nothing():
    wire, a, b = pathed(quick_pair)
    for _ in range(20):
        a.mute = ["lan"]
        talk(wire, (a, b), 1)
        a.mute = []
        wire.run(INTERVAL)
    assert (a.state(), b.state()) == (ACTIVE, BACKUP)
    assert a.member().priority == 200 and not a.transitions() + b.transitions()
    assert a.member().counters.refused > 100


def test_link_that_takes_packets_again_gives_the_priority_back():
    wire, a, b = settled(quick_pair)
    a.mute = ["lan"]
    wire.run(3 * SECOND)
    for _ in range(10):
        wire.run(SECOND)
        a.probe()
    assert a.member().priority == 1
    a.mute = []
    for _ in range(3):
        wire.run(SECOND)
        a.probe()
    assert a.member().priority == 200 and a.state() == BACKUP


def test_router_that_preempts_does_not_do_so_while_its_link_takes_nothing():
    wire, a, b = settled(quick_pair, preempt=True)
    a.mute = ["lan"]
    wire.run(3 * SECOND)
    b.forget()
    for _ in range(60):
        wire.run(SECOND)
        a.probe()
    assert b.state() == ACTIVE and not b.transitions()
    a.mute = []
    for _ in range(5):
        wire.run(SECOND)
        a.probe()
    assert (a.state(), b.state()) == (ACTIVE, BACKUP)


def test_rival_that_took_over_meanwhile_is_yielded_to_at_once():
    wire, a, b = settled(one)
    a.mute = ["lan"]
    wire.run_until(lambda: b.state() == ACTIVE)
    wire.run(2 * INTERVAL)
    assert (a.state(), b.state()) == (BACKUP, ACTIVE)
    assert a.transitions()[-1][2] == "stalled"


def test_owner_of_the_addresses_leaves_them_to_who_is_heard_sooner_or_later():
    wire = Wire()
    a, b = wire.node("a", one(255)), wire.node("b", one(100))
    wire.start()
    a.mute = ["lan"]
    for _ in range(10):
        wire.run(SECOND)
        a.probe()
    b.forget()
    wire.run(40 * SECOND)
    assert wire.active() == ["b"] and not b.transitions()


def test_router_that_preempts_comes_to_know_of_its_link_by_what_it_tries():
    wire, a, b = settled(one, preempt=True)
    a.mute = ["lan"]
    for _ in range(20):
        wire.run(SECOND)
        a.probe()
    assert a.member().priority == 1
    a.forget()
    for _ in range(60):
        wire.run(SECOND)
        a.probe()
    assert wire.active() == ["b"] and not a.transitions()


def test_link_that_is_down_is_not_mute():
    """A router whose interface had been down for a while came back with priority 1 and a wrong problem."""
    wire, a, _b = settled(quick_pair, preempt=True)
    a.mute = ["lan"]
    a.set_link("lan", False)
    for _ in range(10):
        wire.run(SECOND)
        a.probe()
    assert not a.member().is_mute and a.member().priority == 200
    a.mute = []
    a.set_link("lan", True)
    wire.run(SECOND)
    assert a.state() == ACTIVE
