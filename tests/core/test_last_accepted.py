# SPDX-License-Identifier: GPL-2.0-or-later
"""The short way for the packet that always comes has to end where the long way does."""

import random

from haven.core.clock import CENTISECOND, SECOND
from haven.core.engine import Engine
from haven.core.events import AddressesChanged, LinkChanged, Maintenance, Startup, Switchover
from haven.core.protocols import virtual_router_for
from haven.core.tracking import effective_priority
from haven.core.vrrp import states
from haven.core.vrrp.advert import Advert, encode
from tests.core.carp_line import carp
from tests.core.wire import group, octets_of, pair, router

OWN = octets_of("10.0.0.5")
MULTICAST = octets_of("224.0.0.18")
PEERS = (octets_of("10.0.0.1"), octets_of("10.0.0.9"))
CONFIGURATIONS = (
    pair(100),
    pair(100, preempt=True),
    pair(100, preempt=True, preempt_delay_us=3 * SECOND),
    pair(150, preempt=True),
    group(router("lan", priority=90), router("wan", priority=200), preempt=True, preempt_delay_us=SECOND),
    group(router("lan", priority=255), router("wan", priority=100)),
    group(router("wan", priority=100)),
    group(router("lan", priority=100, tracks=(("dsl", 40),)), router("wan", priority=100)),
)


def prepared(spec):
    """Return an engine that has just started."""
    engine = Engine()
    for device in ("lan", "wan", "dsl"):
        engine.handle(LinkChanged(device, True), 0)
        engine.handle(AddressesChanged(device, 4, (OWN,)), 0)
    engine.load((spec,), 0)
    engine.handle(Startup(), 0)
    return engine


def packets():
    """Return a few packets for each link, as (device, source, destination, TTL, message)."""
    found = []
    for spec in pair().routers:
        for source in PEERS:
            for priority, advert_interval_us, ttl in (
                (0, SECOND, 255),
                (50, SECOND, 255),
                (100, SECOND, 255),
                (120, SECOND, 255),
                (120, 50 * CENTISECOND, 255),
                (200, SECOND, 255),
                (200, SECOND, 64),
            ):
                advert = Advert(3, spec.vrid, priority, advert_interval_us, spec.addresses)
                message = encode(advert, source, MULTICAST)
                found.append((spec.device, source, MULTICAST, ttl, message))
        # The same octets, sent to us alone: their checksum is wrong.
        found.append((spec.device, PEERS[0], OWN, 255, found[-1][4]))
    return found


def view(engine):
    """Return all that can be seen of an engine from outside."""
    found = [[(each.state, each.handover, each.preemption.barred)] for each in engine.groups.values()]
    for name in sorted(engine.routers):
        one = engine.routers[name]
        found.append(
            [
                name,
                one.deadline,
                one.announce_at,
                one.active_adver_interval_us,
                one.priority,
                one.active_source,
                one.active_priority,
                one.heard_at,
                one.silent,
                one.resigned,
                one.lower_heard,
                one.counters.received,
                sorted(one.counters.errors.items()),
                sorted((kind, one.anomalies[kind][0]) for kind in one.anomalies),
            ]
        )
    return found


def without_short_cut(engine):
    """Make every packet take the long way."""
    for name in engine.routers:
        engine.routers[name].last_accepted = None


def random_act(dice, heard, now):
    """Return something to do to an engine, drawn by lot."""
    lot = dice.randrange(100)
    if lot < 3:
        spec = CONFIGURATIONS[dice.randrange(len(CONFIGURATIONS))]
        return lambda engine: engine.load((spec,), now)
    if lot < 5:
        event = Maintenance(dice.randrange(2) == 0)
    elif lot < 7:
        event = Switchover()
    elif lot < 10:
        event = LinkChanged(("lan", "wan", "dsl")[dice.randrange(3)], dice.randrange(3) > 0)
    elif lot < 40:
        return lambda engine: engine.tick(now)
    else:
        # A few that come again and again, as on a real link.
        packet = heard[dice.randrange(len(heard))]
        device, source, destination, ttl, message = packet
        return lambda engine: engine.hear(device, 4, source, destination, ttl, message, now)
    return lambda engine: engine.handle(event, now)


def differ(seed, steps):
    """Run two engines side by side, one without the short way, and compare them at every step."""
    dice = random.Random(seed) if hasattr(random, "Random") else random
    if dice is random:
        random.seed(seed)
    spec = CONFIGURATIONS[seed % len(CONFIGURATIONS)]
    short, long = prepared(spec), prepared(spec)
    choice = packets()
    heard = [choice[dice.randrange(len(choice))] for _ in range(3)]
    now, taken = 0, 0
    for step in range(steps):
        now += dice.randrange(900) * 1000
        if dice.randrange(12) == 0:
            heard[dice.randrange(3)] = choice[dice.randrange(len(choice))]
        act = random_act(dice, heard, now)
        taken += sum(1 for each in short.routers.values() if each.last_accepted is not None)
        without_short_cut(long)
        for engine_act in (act, lambda engine, at=now: engine.tick(at)):
            one = list(engine_act(short))
            without_short_cut(long)
            other = list(engine_act(long))
            assert one == other, (seed, step, one, other)
            assert view(short) == view(long), (seed, step, view(short), view(long))
    return taken


def test_the_short_way_ends_where_the_long_way_does():
    # MicroPython compares values by their dicts, slowly, so the dice are thrown a moderate number of times.
    assert sum(differ(seed, 60) for seed in range(64)) > 0


def test_the_short_way_is_taken():
    engine = prepared(pair(100))
    device, source, destination, ttl, message = packets()[5]
    for now in (0, SECOND, 2 * SECOND):
        engine.hear(device, 4, source, destination, ttl, message, now)
        assert engine.routers["lan"].last_accepted == (message, source, destination, ttl)
    assert engine.routers["lan"].counters.received == 3


def test_a_deadline_that_comes_nearer_by_the_short_way_is_not_missed():
    engine = prepared(group(router("lan", priority=100)))
    device, source, destination, ttl, message = packets()[5]
    engine.hear(device, 4, source, destination, ttl, message, 0)
    engine.tick(10 * SECOND)
    engine.hear(device, 4, source, destination, ttl, message, 10 * SECOND)
    assert engine.next_deadline() <= engine.routers["lan"].deadline


def test_the_adver_timer_does_what_its_row_in_the_table_says():
    for spec in (router("lan", advert_interval_us=SECOND), carp(advskew=100)):
        short, long = virtual_router_for(spec, {}), virtual_router_for(spec, {})
        for each in (short, long):
            each.set_identity(OWN, effective_priority(spec, 0, False))
            each.become_active(0)
        for now in (SECOND, 3 * SECOND):
            one, other = [], []
            one.append(short.advertise_again(now))
            for action in long.row_for(states.ACTIVE, states.ADVER_TIMER)[2]:
                long.perform(action, now, other)
            assert one == other and len(one) == 1
            assert (short.deadline, short.counters.sent) == (long.deadline, long.counters.sent)
            late = now + 5 * SECOND
            assert not short.has_stalled(now) and short.has_stalled(late) and long.has_stalled(late)
