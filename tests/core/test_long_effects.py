# SPDX-License-Identifier: GPL-2.0-or-later
"""What the engine does while its host is busy with many addresses, and what it need not be told."""

from haven.core.clock import MILLISECOND, SECOND
from haven.core.effects import Send
from haven.core.events import AddressesChanged, Switchover
from haven.core.group import Group
from haven.core.tracking import LinkStates
from haven.core.vrrp.advert import Advert, encode
from haven.core.vrrp.states import ACTIVE, BACKUP
from tests.core.wire import Wire, group, octets_of, router

OWN = octets_of("10.0.0.5")
OTHER = octets_of("10.0.0.6")
VIRTUAL = octets_of("10.0.0.100")
GLOBAL = octets_of("10.9.9.9")


TO = octets_of("224.0.0.18")


def many(priority):
    """Return sixty groups of one virtual router each."""
    return [
        group(
            router(
                "v%d" % vrid, device="lan", vrid=vrid, priority=priority, addresses=(bytes((10, 1, vrid, 1)),)
            ),
            name="g%d" % vrid,
        )
        for vrid in range(1, 61)
    ]


def two():
    """Return a wire with an Active and a Backup."""
    wire = Wire()
    wire.node("a", group(router("lan", priority=200), router("wan", priority=200)))
    wire.node("b", group(router("lan"), router("wan")))
    wire.start()
    return wire, wire.nodes[0], wire.nodes[1]


def shape(node):
    """Return what advertise() may not change."""
    engine = node.engine
    return [(each.state, each.handover, each.faults) for each in engine.groups.values()]


def test_word_of_another_active_costs_the_same_however_many_groups_there_are():
    wire = Wire()
    wire.node("a", *many(200))
    b = wire.node("b", *many(100))
    wire.start()
    calls, reckon = [], Group.next_deadline
    Group.next_deadline = lambda self: calls.append(self) or reckon(self)
    try:
        for priority in (150, 0):
            message = encode(Advert(3, 7, priority, SECOND, b.member("v7").spec.addresses), OTHER, TO)
            b.hear(message, OTHER, "v7")
            assert b.engine.next_deadline() <= b.member("v7").deadline
    finally:
        Group.next_deadline = reckon
    assert len(calls) <= 4


def test_what_is_due_is_sent_and_nothing_else():
    wire, a, _b = two()
    now = max([member.deadline for member in a.engine.routers.values()])
    before = shape(a)
    sent = a.engine.advertise(now)
    assert sorted([(type(each), each.router) for each in sent], key=str) == [(Send, "lan"), (Send, "wan")]
    assert shape(a) == before and a.state() == ACTIVE
    assert all(member.deadline == now + SECOND for member in a.engine.routers.values())
    assert a.engine.next_deadline() > now


def test_nothing_is_sent_before_its_time():
    wire, a, _b = two()
    sooner = min([member.deadline for member in a.engine.routers.values()]) - 100 * MILLISECOND
    assert list(a.engine.advertise(sooner)) == []


def test_a_backup_that_is_late_takes_nothing_over():
    wire, _a, b = two()
    late = wire.now + 60 * SECOND
    assert list(b.engine.advertise(late)) == []
    assert b.state() == BACKUP
    # What was due is still to be done.
    assert b.engine.next_deadline() <= late


def test_who_hands_over_says_nothing_in_between():
    wire, a, _b = two()
    a.handle(Switchover(None))
    assert list(a.engine.advertise(wire.now + SECOND)) == []
    assert a.engine.groups["gateway"].handover is not None


def test_only_the_source_is_worth_telling_of():
    wire, a, _b = two()
    own = a.member("lan").source
    assert a.engine.could_change_source("lan", 4, own)
    assert not a.engine.could_change_source("lan", 4, OTHER)
    assert not a.engine.could_change_source("lan", 4, VIRTUAL)
    assert not a.engine.could_change_source("lan", 6, own)
    assert not a.engine.could_change_source("dsl", 4, own)


def test_without_a_source_every_address_is_worth_telling_of():
    wire, a, _b = two()
    a.handle(AddressesChanged("lan", 4, ()))
    assert a.engine.could_change_source("lan", 4, OTHER)
    a.handle(AddressesChanged("lan", 4, (OTHER, OWN)))
    assert a.member("lan").source == OTHER
    assert not a.engine.could_change_source("lan", 4, OWN)


def test_another_that_comes_last_changes_no_source():
    links, spec = LinkStates(), router("lan")
    links.set_addresses("lan", 4, (VIRTUAL, OWN))
    assert links.source_for(spec, {VIRTUAL}) == OWN
    assert not links.could_change_source("lan", 4, OTHER)
    links.set_addresses("lan", 4, (VIRTUAL, OWN, OTHER))
    assert links.source_for(spec, {VIRTUAL}) == OWN


def test_what_is_virtual_is_asked_anew_with_another_set():
    links, spec = LinkStates(), router("lan")
    links.set_addresses("lan", 4, (VIRTUAL, OWN))
    assert links.source_for(spec, {VIRTUAL}) == OWN
    assert links.source_for(spec, {OWN}) == VIRTUAL


class Counted(dict):
    """A table of virtual addresses that counts how often it is asked."""

    asked = 0

    def __contains__(self, address):
        self.asked += 1
        return address in self.keys()


def test_many_virtual_routers_look_for_the_source_once():
    links, virtual = LinkStates(), Counted()
    many = [bytes((10, 1, number // 250, number % 250)) for number in range(1000)]
    for address in many:
        virtual[address] = True
    many.append(OWN)
    links.set_addresses("lan", 4, tuple(many))
    for number in range(1, 251):
        assert links.source_for(router("lan", vrid=number), virtual) == OWN
    assert virtual.asked == len(many)


def test_a_change_is_followed_by_the_groups_of_its_device():
    wire = Wire()
    wire.node("a", group(router("lan"), name="here"), group(router("wan", vrid=9), name="there"))
    wire.start()
    node, asked = wire.nodes[0], []
    for each in node.engine.groups.values():
        follow = each.follow_links
        each.follow_links = lambda *rest, each=each, follow=follow: (asked.append(each), follow(*rest))
    node.handle(AddressesChanged("wan", 4, (OTHER,)))
    assert [each.spec.name for each in asked] == ["there"]
