# SPDX-License-Identifier: GPL-2.0-or-later
"""Routers with keys and clocks of every kind: one is Active, always, and what is old is refused."""

from haven.core.auth.auth_spec import ENFORCE, MONOTONIC, PERMISSIVE, RECEIVE
from haven.core.clock import MILLISECOND, SECOND
from haven.core.effects import Send
from haven.core.events import AdvertHeard
from haven.core.vrrp import states
from tests.core.keyed import IN_1970, OTHER_KEY, TODAY, keyed_pair, keyed_router, keys, set_clock
from tests.core.wire import group, octets_of

DAY = 24 * 3600 * SECOND
HOUR = 3600 * SECOND


def watch(wire, duration):
    """Let time pass and return the most nodes that were Active at one time."""
    most, end = 0, wire.now + duration
    while wire.now < end:
        wire.run(20 * MILLISECOND)
        most = max(most, len(wire.active()))
    return most


def both_started(clocks, first=0, **changes):
    """Return a wire where one node was Active alone before the other one came."""
    wire, starts = keyed_pair(clocks, **changes)
    starts[first]()
    wire.run(10 * SECOND)
    assert wire.active() == ["ab"[first]]
    starts[1 - first]()
    return wire


def test_a_pair_with_right_clocks_elects_and_survives_a_death():
    for family in (4, 6):
        wire = both_started((TODAY, TODAY + SECOND), family=family)
        assert watch(wire, 20 * SECOND) == 1 and wire.active() == ["a"]
        wire.nodes[0].power_off()
        wire.run(4 * SECOND)
        assert wire.active() == ["b"]
        assert wire.nodes[1].member().auth.verified > 10


def test_a_router_that_boots_in_1970_becomes_no_second_active():
    for spec in (keys(), keys(replay=MONOTONIC)):
        for clocks, first in (((TODAY, IN_1970), 0), ((IN_1970, TODAY), 1), ((TODAY, IN_1970), 1)):
            wire = both_started(clocks, first, specs=(spec, spec))
            assert watch(wire, 30 * SECOND) == 1, (spec, clocks, first)
            # The better one preempts only where it may, and it may not here.
            assert wire.active() == ["ab"[first]]
            wire.nodes[first].power_off()
            assert watch(wire, 5 * SECOND) == 1
            assert wire.active() == ["ab"[1 - first]]


def test_the_one_in_1970_preempts_as_any_other_does():
    for spec in (keys(), keys(replay=MONOTONIC)):
        wire, starts = keyed_pair((IN_1970, TODAY), (spec, spec))
        for node in wire.nodes:
            node.specs[0].preempt = True
        starts[1]()
        wire.run(10 * SECOND)
        starts[0]()
        assert watch(wire, 20 * SECOND) <= 2
        assert wire.active() == ["a"]
        # Both are Active for no longer than it takes to say so.
        both = [at for at, state, _reason in wire.nodes[1].transitions() if state == states.BACKUP][-1]
        first = [at for at, state, _reason in wire.nodes[0].transitions() if state == states.ACTIVE][-1]
        assert both - first < MILLISECOND


def test_a_clock_that_is_set_moves_nothing():
    for step in (HOUR, -HOUR, 365 * DAY, -365 * DAY, 20 * SECOND, -20 * SECOND):
        for whose in (0, 1):
            wire = both_started((TODAY, TODAY))
            set_clock(wire.nodes[whose], TODAY + step)
            assert watch(wire, 20 * SECOND) == 1
            assert wire.active() == ["a"], (step, whose)
            wire.nodes[0].power_off()
            assert watch(wire, 6 * SECOND) == 1 and wire.active() == ["b"]
            # The dead one comes back with its own clock, and follows.
            wire.nodes[0].start()
            set_clock(wire.nodes[0], TODAY)
            assert watch(wire, 20 * SECOND) == 1 and wire.active() == ["b"], (step, whose)


def test_an_active_ahead_of_the_other_whose_clock_is_set_back_goes_on_from_what_it_had_said():
    for ahead in (SECOND, 3 * SECOND, 9 * SECOND):
        wire = both_started((TODAY + ahead, TODAY), advert_interval_us=100 * MILLISECOND)
        wire.run(5 * SECOND)
        set_clock(wire.nodes[0], TODAY - HOUR)
        assert watch(wire, 20 * SECOND) == 1, ahead
        assert wire.active() == ["a"]


def test_both_were_wrong_and_are_set_right_one_after_the_other():
    for first in (0, 1):
        wire = both_started((IN_1970, IN_1970 + HOUR))
        set_clock(wire.nodes[first], TODAY)
        assert watch(wire, 20 * SECOND) == 1
        set_clock(wire.nodes[1 - first], TODAY + 20 * SECOND)
        assert watch(wire, 20 * SECOND) == 1
        assert wire.active() == ["a"]
        assert wire.nodes[0].member().auth.learned_us is None


def test_both_clocks_are_set_within_an_interval_and_one_of_them_wrong():
    wire = both_started((TODAY + HOUR, TODAY))
    assert watch(wire, 10 * SECOND) == 1
    active, backup = wire.nodes
    set_clock(backup, TODAY + HOUR)
    wire.run(2 * SECOND)
    set_clock(active, TODAY)
    set_clock(backup, TODAY - 20 * SECOND)
    assert watch(wire, 60 * SECOND) == 1 and wire.active() == ["a"]


def test_a_restart_of_the_active_that_never_had_the_time():
    wire = both_started((IN_1970, TODAY))
    wire.nodes[0].engine = None
    wire.nodes[0].start(("gateway",))
    set_clock(wire.nodes[0], IN_1970 + 20 * SECOND)
    assert watch(wire, 20 * SECOND) == 1 and wire.active() == ["a"]


def test_clocks_that_differ_are_told_of_and_a_recording_is_not_taken_for_one():
    wire = both_started((TODAY, TODAY + 4 * SECOND))
    wire.run(3 * SECOND)
    a, b = [node.member().auth for node in wire.nodes]
    source, skew_us, _when = b.skew
    assert source == wire.nodes[0].address("lan") and abs(skew_us + 4 * SECOND) < MILLISECOND
    assert a.skew is None
    words = recorded_words(60 * SECOND, SECOND)
    wire, starts = keyed_pair((TODAY + DAY, TODAY + DAY))
    starts[1]()
    wire.nodes[1].handle(words[-1])
    assert wire.nodes[1].member().auth.skew is None
    assert wire.nodes[1].member().counters.errors["auth_stale"] == 1


def test_who_asks_for_the_time_is_not_taken_for_a_stranger_that_leaves():
    wire = both_started((IN_1970, TODAY))
    wire.run(3 * SECOND)
    a, b = wire.nodes
    assert b.sent(0) and a.member().counters.priority_zero_received
    assert "leaving" not in a.member().anomalies
    assert a.member().auth.learned_us is not None
    said = len(b.sent(0))
    wire.run(30 * SECOND)
    assert len(b.sent(0)) == said


def test_without_a_key_the_other_is_refused_and_with_another_key_too():
    for other in (None, keys(pairs=((1, OTHER_KEY),)), keys(pairs=((2, OTHER_KEY),))):
        wire, starts = keyed_pair(specs=(None, other))
        if other is None:
            wire.nodes[1].specs[0].routers[0].authentication = None
        for start in starts:
            start()
        wire.run(10 * SECOND)
        a, b = [node.member() for node in wire.nodes]
        reason = "auth_missing" if other is None else ("auth_hash", "auth_key")[other.keys[0][0] - 1]
        assert a.counters.errors[reason] > 3 and a.drops[reason][0] == wire.nodes[1].address("lan")
        assert b.counters.errors["auth_unwanted" if other is None else reason] > 3


def recorded_words(duration, every):
    """Return what an Active says in a day, some of it: AdvertHeard each."""
    wire, starts = keyed_pair()
    for start in starts:
        start()
    wire.run(10 * SECOND)
    a, b = wire.nodes
    b.power_off()
    found = []
    for _ in range(duration // every):
        a.forget()
        wire.now += every
        a.tick() if wire.now >= a.engine.next_deadline() else None
        for _at, effect in a.said(Send):
            to, message = effect.messages()[0]
            found.append(AdvertHeard("lan", 4, effect.source, to, 255, message))
    return found


def test_a_recorded_day_is_refused_all_of_it():
    # All 86 400 words of a day are `python -m bench auth`.
    words = recorded_words(DAY, 60 * SECOND)
    assert len(words) == DAY // (60 * SECOND)
    for begins, restarted in ((TODAY + DAY + 60 * SECOND, True), (TODAY + DAY + HOUR, False)):
        wire, starts = keyed_pair((begins, begins))
        starts[1]()
        if not restarted:
            starts[0]()
        wire.run(10 * SECOND)
        b = wire.nodes[1]
        state, believed = b.state(), b.member().auth.verified
        for word in words:
            b.handle(word)
        assert b.member().counters.errors["auth_stale"] == len(words)
        assert b.member().auth.verified == believed and b.state() == state


def test_a_day_said_again_in_its_own_pace_keeps_nobody_from_serving():
    words = recorded_words(600 * SECOND, SECOND)
    wire, starts = keyed_pair((TODAY + DAY, TODAY + DAY))
    starts[1]()
    wire.run(2 * SECOND)
    b = wire.nodes[1]
    assert b.state() == states.BACKUP
    for word in words[:60]:
        b.handle(word)
        wire.run(SECOND)
    assert wire.active() == ["b"] and not b.member().auth.verified


def test_by_order_alone_a_recording_is_refused_while_its_sender_is_remembered():
    wire, starts = keyed_pair(specs=(keys(replay=MONOTONIC), keys(replay=MONOTONIC)))
    for start in starts:
        start()
    wire.run(10 * SECOND)
    a, b = wire.nodes
    words = [effect for _at, effect in a.said(Send)]
    for effect in words:
        to, message = effect.messages()[0]
        b.handle(AdvertHeard("lan", 4, effect.source, to, 255, message))
    assert b.member().counters.errors["auth_replay"] == len(words)


def test_words_that_were_held_back_cannot_be_stretched():
    """Who can hold words back on their way could say them slower and slower, and hide a death for long."""
    wire = both_started((TODAY, TODAY))
    wire.run(10 * SECOND)
    a, b = wire.nodes
    set_clock(b, TODAY + 2 * HOUR)
    held, a.wire.loses = [], lambda sender, node, device, message: sender is a and held.append(message)
    source, to = a.address("lan"), octets_of("224.0.0.18")
    refused_after = None
    for step in range(60):
        wire.run(2 * SECOND)
        if step < len(held):
            b.handle(AdvertHeard("lan", 4, source, to, 255, held[step]))
            if b.member().counters.errors["auth_stale"]:
                refused_after = step
                break
    # Each second says one more second late: at five it is over.
    assert refused_after is not None and refused_after < 8


def roll(wire, node, mode):
    """Let one node take the next step."""
    spec = keys(mode=mode) if mode is not None else None
    priority = node.specs[0].routers[0].priority
    router = keyed_router(priority=priority)
    router.authentication = spec
    node.load(group(router))


def test_the_three_steps_and_back_in_any_order_leave_one_active():
    for order in ((0, 1), (1, 0)):
        wire, starts = keyed_pair()
        for node in wire.nodes:
            node.specs[0].routers[0].authentication = None
        starts[0]()
        wire.run(10 * SECOND)
        starts[1]()
        wire.run(10 * SECOND)
        for mode in (RECEIVE, PERMISSIVE, ENFORCE, PERMISSIVE, RECEIVE, None):
            for which in order:
                roll(wire, wire.nodes[which], mode)
                assert watch(wire, 8 * SECOND) == 1 and wire.active() == ["a"], (mode, which)
        refusals = [sum(node.member().counters.errors.values()) for node in wire.nodes]
        assert refusals == [0, 0]


def test_a_wrong_key_on_the_way_is_told_and_makes_no_second_active():
    wire, starts = keyed_pair(specs=(keys(PERMISSIVE), keys(PERMISSIVE, pairs=((1, OTHER_KEY),))))
    starts[0]()
    wire.run(10 * SECOND)
    starts[1]()
    assert watch(wire, 10 * SECOND) == 1 and wire.active() == ["a"]
    reason, source, _when = wire.nodes[1].member().auth.lenient
    assert (reason, source) == ("auth_hash", wire.nodes[0].address("lan"))
    assert wire.nodes[1].member().auth.unsigned > 5


def test_receive_says_nothing_new_and_verifies():
    wire, starts = keyed_pair(specs=(keys(PERMISSIVE), keys(RECEIVE)))
    for start in starts:
        start()
    wire.run(10 * SECOND)
    assert wire.nodes[1].member().auth.verified > 5
    wire.nodes[0].power_off()
    wire.run(10 * SECOND)
    said = wire.nodes[1].said(Send)[-1][1]
    assert len(said.messages()[0][1]) == 12 and not said.trailer
