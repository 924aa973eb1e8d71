# SPDX-License-Identifier: GPL-2.0-or-later
"""What may be done in a loop of its own: only what an Active and a Backup do as long as nothing happens."""

from haven.core.clock import MILLISECOND, NEVER, SECOND
from haven.core.engine import Engine
from haven.core.events import AddressesChanged, LinkChanged, Startup, Switchover
from haven.core.steady import advertise_due, steady_members, usual_members
from haven.core.vrrp.constants import multicast_group
from haven.core.vrrp.states import ACTIVE, BACKUP
from tests.core.wire import group, octets_of, router

INTERVAL = 10 * MILLISECOND
OWN, PEER = octets_of("10.0.0.5"), octets_of("10.0.0.9")


def node(*names: str, address: bytes = OWN) -> Engine:
    engine = Engine()
    engine.handle(LinkChanged("lan", True), 0)
    engine.handle(AddressesChanged("lan", 4, (address,)), 0)
    members = [
        router(name, device="lan", vrid=vrid, advert_interval_us=INTERVAL, announce_refresh_us=0)
        for vrid, name in enumerate(names, 51)
    ]
    engine.load(tuple([group(member, name=member.name) for member in members]), 0)
    engine.handle(Startup(), 0)
    return engine


def groups(engine: Engine) -> list:
    return list(engine.groups.values())


def active(*names: str, address: bytes = OWN) -> Engine:
    """Return an engine that has been Active for so long that the announcements have been repeated."""
    engine = node(*names, address=address)
    while engine.next_deadline() < 20 * SECOND:
        engine.tick(engine.next_deadline())
    assert {each.state for each in groups(engine)} == {ACTIVE}
    return engine


def test_who_is_active_and_nothing_else_only_advertises():
    engine = active("a", "b")
    members, until = steady_members(groups(engine))
    assert [member.spec.name for member in members] == ["a", "b"] and until == NEVER
    now = min([member.deadline for member in members])
    said = [(send.router, packet) for send in advertise_due(members, now) for packet in send.packets]
    assert sorted([name for name, _packet in said]) == ["a", "b"]
    assert advertise_due(members, now) == [], "not twice"
    assert min([member.deadline for member in members]) == now + INTERVAL


def test_a_backup_or_a_handover_among_them_is_more_than_that():
    engine = active("a", "b")
    engine.groups["a"].state = BACKUP
    assert steady_members(groups(engine)) == ([], 0)
    engine.groups["a"].state = ACTIVE
    engine.handle(Switchover("a"), engine.next_deadline())
    assert steady_members(groups(engine)) == ([], 0)


def test_a_backup_knows_its_usual_packet_once_it_has_heard_it():
    engine, speaker = node("a"), active("a", address=PEER)
    assert usual_members(groups(engine)) == []
    now = speaker.next_deadline()
    (send,) = speaker.tick(now)
    for _again in range(2):
        engine.hear("lan", 4, PEER, multicast_group(4), 255, send.packets[0][1], engine.next_deadline() - 1)
    assert [member.spec.name for member in usual_members(groups(engine))] == ["a"]
    assert usual_members(groups(speaker)) == [], "an Active hears nothing usual"
