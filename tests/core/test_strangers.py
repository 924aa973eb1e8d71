# SPDX-License-Identifier: GPL-2.0-or-later
"""Forged words that nothing can refuse without a key are noticed: once, by whoever says them."""

from haven.core.clock import SECOND
from haven.core.effects import Noticed
from haven.core.vrrp.advert import Advert, encode
from tests.core.keyed import keyed_pair
from tests.core.wire import Wire, group, octets_of, router

STRANGER = octets_of("10.0.0.66")
TO = octets_of("224.0.0.18")


def word(priority, source=STRANGER):
    """Return what somebody says of the virtual router."""
    return encode(Advert(3, 51, priority, SECOND, (octets_of("192.168.51.1"),)), source, TO)


def started_pair():
    """Return a wire with an Active a and a Backup b."""
    wire = Wire()
    wire.node("a", group(router(priority=100)))
    wire.node("b", group(router(priority=90)))
    wire.nodes[0].start()
    wire.run(10 * SECOND)
    wire.nodes[1].start()
    wire.run(10 * SECOND)
    assert wire.active() == ["a"]
    return wire


def noticed(node):
    """Return (kind, source) of what a node has told."""
    return [(effect.kind, effect.source) for _at, effect in node.said(Noticed)]


def test_priority_0_and_255_of_a_machine_that_was_no_router_are_told_once():
    wire = started_pair()
    for priority, kind in ((0, "stranger_leaves"), (255, "stranger_owner")):
        for node in wire.nodes:
            node.forget()
            for _ in range(5):
                node.hear(word(priority), STRANGER)
            assert noticed(node) == [(kind, STRANGER)]
            assert node.member().anomalies[kind] == (STRANGER, wire.now)
            wire.run(10 * SECOND)


def test_after_a_pause_it_is_told_again():
    wire = started_pair()
    a = wire.nodes[0]
    a.hear(word(0), STRANGER)
    wire.run(50 * SECOND)
    a.hear(word(0), STRANGER)
    wire.run(61 * SECOND)
    a.hear(word(0), STRANGER)
    assert noticed(a) == [("stranger_leaves", STRANGER)] * 2


def test_our_own_address_is_told_once():
    wire = started_pair()
    a = wire.nodes[0]
    for _ in range(3):
        a.hear(word(100, a.address("lan")), a.address("lan"))
    assert noticed(a) == [("own_address", a.address("lan"))]


def test_routers_of_the_pair_are_no_strangers():
    wire = started_pair()
    for _ in range(2):
        for which in (0, 1):
            wire.nodes[which].stop()
            wire.run(5 * SECOND)
            wire.nodes[which].power_off()
            wire.nodes[which].start()
            wire.run(10 * SECOND)
    owner = group(router(priority=255))
    wire.node("c", owner, lan="192.168.51.1").start()
    wire.run(10 * SECOND)
    assert wire.active() == ["c"]
    wire.nodes[2].stop()
    wire.run(10 * SECOND)
    assert [noticed(node) for node in wire.nodes] == [[], [], []]


def test_who_has_the_key_is_no_stranger_and_who_has_not_is_told_once():
    wire, starts = keyed_pair()
    for start in starts:
        start()
    wire.run(10 * SECOND)
    for node in wire.nodes:
        for _ in range(3):
            node.hear(word(255), STRANGER)
        assert noticed(node) == [("auth_missing", STRANGER)]
    assert wire.active() == ["a"]


def test_a_flood_of_strangers_leaves_the_memory_as_it_is():
    wire = started_pair()
    a = wire.nodes[0]
    for number in range(300):
        source = bytes((10, 0, 1 + number // 250, number % 250 + 1))
        a.hear(word(0, source), source)
    assert len(a.engine._strangers._told) <= 64
