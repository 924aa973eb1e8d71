# SPDX-License-Identifier: GPL-2.0-or-later
"""Another path than the links: who is about to be taken for dead may say by it that it lives."""

from haven.core.clock import SECOND
from haven.core.effects import Doubted
from haven.core.events import OtherPath, Vouched
from haven.core.vrrp.constants import multicast_group
from haven.core.vrrp.states import ACTIVE, BACKUP
from tests.core.wire import Wire, group, open_other_path, pair, router


def settled(other_path=True):
    """Return a wire, an Active and a Backup that can ask each other by another path."""
    wire = Wire()
    a, b = wire.node("a", group(router(priority=200))), wire.node("b", group(router(priority=100)))
    wire.start()
    wire.run(10 * SECOND)
    open_other_path((a, b), other_path)
    return wire, a, b


def vouch(active, standby):
    """Bring what the Active says of itself to the other by another path."""
    said = active.member().advertisement()
    to = multicast_group(4)
    standby.handle(Vouched("lan", 4, said.source, to, said.packets[0][1]))


def cut(wire, a, b):
    """Let nothing through from the Active to the Backup."""
    wire.cut("lan", a, b)


def test_silence_is_doubted_before_it_is_believed():
    wire, a, b = settled()
    a.power_off()
    wire.run_until(lambda: b.said(Doubted))
    assert [effect.group for _at, effect in b.said(Doubted)] == ["gateway"]
    assert b.state() == BACKUP
    wire.run(3 * SECOND)
    assert b.state() == ACTIVE


def test_without_another_path_nobody_is_asked():
    wire, a, b = settled(other_path=False)
    a.power_off()
    wire.run(5 * SECOND)
    assert b.said(Doubted) == [] and b.state() == ACTIVE


def test_active_that_is_vouched_for_again_and_again_stays_the_only_one():
    wire, a, b = settled()
    cut(wire, a, b)
    for _ in range(40):
        wire.run(SECOND // 2)
        if b.said(Doubted):
            b.forget()
            vouch(a, b)
    assert (a.state(), b.state()) == (ACTIVE, BACKUP)
    assert "vouched" in b.member().anomalies


def test_once_nobody_vouches_the_takeover_is_as_it_always_was():
    wire, a, b = settled()
    cut(wire, a, b)
    wire.run(3 * SECOND)
    vouch(a, b)
    a.power_off()
    b.forget()
    wire.run(3 * SECOND)
    assert b.state() == BACKUP
    wire.run(2 * SECOND)
    assert b.state() == ACTIVE
    assert [reason for _at, _state, reason in b.transitions()] == ["silence"]


def test_of_two_actives_that_hear_each_other_by_another_path_alone_the_lower_yields():
    wire, a, b = settled(other_path=False)
    cut(wire, a, b)
    cut(wire, b, a)
    wire.run(6 * SECOND)
    assert (a.state(), b.state()) == (ACTIVE, ACTIVE)
    vouch(b, a)
    vouch(a, b)
    assert (a.state(), b.state()) == (ACTIVE, BACKUP)


def test_word_for_an_active_that_has_resigned_is_too_late():
    wire, a, b = settled()
    cut(wire, b, a)
    said = a.member().advertisement()
    a.stop()
    wire.run(1000)
    assert b.member().resigned
    b.handle(Vouched("lan", 4, said.source, multicast_group(4), said.packets[0][1]))
    wire.run(SECOND)
    assert b.state() == ACTIVE


def test_word_for_a_virtual_router_that_is_not_here_is_nothing():
    wire, a, b = settled()
    said = a.member().advertisement()
    b.handle(Vouched("wan", 4, said.source, multicast_group(4), said.packets[0][1]))
    assert "vouched" not in b.member().anomalies


def fast():
    """Return a wire, an Active and a Backup as in settled(), with a short interval."""
    wire = Wire()
    names = {"a": 200, "b": 100}
    a, b = (
        wire.node(name, group(router(priority=priority, advert_interval_us=SECOND // 10)))
        for name, priority in names.items()
    )
    wire.start()
    wire.run(10 * SECOND)
    open_other_path((a, b))
    return wire, a, b


def test_busy_other_path_may_answer_later_than_a_short_interval():
    wire, a, b = fast()
    cut(wire, a, b)
    wire.run_until(lambda: b.said(Doubted))
    vouch(a, b)
    for _ in range(20):
        b.forget()
        wire.run_until(lambda: b.said(Doubted))
        # Ten intervals and more.
        wire.run(SECOND)
        vouch(a, b)
    assert (a.state(), b.state()) == (ACTIVE, BACKUP)
    assert not b.transitions()


def test_other_path_is_asked_again_while_it_says_nothing():
    wire, a, b = fast()
    cut(wire, a, b)
    wire.run_until(lambda: b.said(Doubted))
    vouch(a, b)
    b.forget()
    wire.run(3 * SECOND + SECOND // 2)
    assert len(b.said(Doubted)) == 3 and b.state() == ACTIVE


def test_link_that_brings_words_again_ends_the_longer_patience():
    wire, a, b = fast()
    cut(wire, a, b)
    wire.run_until(lambda: b.said(Doubted))
    vouch(a, b)
    wire.heal()
    wire.run(SECOND)
    a.power_off()
    wire.run(SECOND // 2)
    assert b.state() == ACTIVE


def test_newcomer_waits_for_the_first_word_of_those_whom_it_joins():
    wire = Wire()
    a = wire.node("a", group(router(priority=200, advert_interval_us=SECOND // 10)))
    wire.start()
    b = wire.node("b", group(router(priority=100, advert_interval_us=SECOND // 10)))
    cut(wire, a, b)
    cut(wire, b, a)
    b.start(patience_us=30 * SECOND)
    wire.run(5 * SECOND)
    assert b.state() == BACKUP and not b.said(Doubted)
    b.handle(OtherPath(True))
    wire.run(SECOND)
    assert b.said(Doubted)
    vouch(a, b)
    # From now on it is a standby like any other.
    wire.run(4 * SECOND)
    assert b.state() == ACTIVE


def test_lower_active_that_vouches_for_itself_is_preempted_all_the_same():
    wire = Wire()
    a = wire.node("a", group(router(priority=100)))
    wire.start()
    wire.run(10 * SECOND)
    b = wire.node("b", group(router(priority=200), preempt=True))
    b.start()
    b.handle(OtherPath(True))
    for _ in range(20):
        wire.run(SECOND // 4)
        if b.said(Doubted) and b.state() == BACKUP:
            b.forget()
            vouch(a, b)
    assert (a.state(), b.state()) == (BACKUP, ACTIVE)


def test_nobody_is_preempted_over_a_link_that_brings_nothing():
    wire = Wire()
    a = wire.node("a", group(router(priority=100)))
    wire.start()
    wire.run(10 * SECOND)
    b = wire.node("b", group(router(priority=200), preempt=True))
    # As behind a switch's port that does not forward yet.
    for pair_of in ((a, b), (b, a)):
        cut(wire, *pair_of)
    b.start()
    b.handle(OtherPath(True))
    for at in range(80):
        wire.run(SECOND // 4)
        if at == 60:
            assert (a.state(), b.state()) == (ACTIVE, BACKUP)
            wire.heal()
        if b.said(Doubted) and b.state() == BACKUP:
            b.forget()
            vouch(a, b)
    assert (a.state(), b.state()) == (BACKUP, ACTIVE)


def test_word_that_comes_after_one_of_the_link_prolongs_nothing():
    wire, a, b = fast()
    cut(wire, a, b)
    wire.run_until(lambda: b.said(Doubted))
    wire.heal()
    wire.run(SECOND // 10)
    vouch(a, b)
    a.power_off()
    wire.run(SECOND // 2)
    assert b.state() == ACTIVE


def test_other_path_is_asked_no_more_often_where_intervals_are_short():
    wire, a, b = fast()
    cut(wire, a, b)
    asked = 0
    for _ in range(500):
        wire.run(SECOND // 100)
        if b.said(Doubted):
            asked += 1
            b.forget()
            vouch(a, b)
    assert 5 <= asked <= 11 and b.state() == BACKUP


def newcomer(a_specs, b_specs):
    """Return a wire, an Active, and a router that has just joined it and waits for a first word."""
    wire = Wire()
    a = wire.node("a", a_specs)
    wire.start()
    wire.run(10 * SECOND)
    b = wire.node("b", b_specs)
    return wire, a, b


def test_newcomer_that_has_heard_a_lower_active_waits_for_it_as_any_standby():
    wire, a, b = newcomer(group(router(priority=100)), group(router(priority=200), preempt=True))
    b.start(patience_us=30 * SECOND)
    wire.run(2 * SECOND)
    assert b.state() == BACKUP
    a.power_off()
    wire.run(4 * SECOND)
    assert b.state() == ACTIVE


def test_newcomer_that_has_heard_the_active_on_one_link_waits_no_longer_for_the_other():
    wire, a, b = newcomer(pair(priority=200), pair(priority=100))
    wire.cut("wan", a, b)
    b.start(patience_us=30 * SECOND)
    wire.run(5 * SECOND)
    assert b.state() == BACKUP
    a.power_off()
    wire.run(4 * SECOND)
    assert b.state() == ACTIVE


def test_newcomer_that_was_active_waits_for_no_first_word_any_more():
    wire = Wire()
    b = wire.node("b", group(router(priority=100)))
    b.start(adopt=("gateway",), patience_us=30 * SECOND)
    assert b.state() == ACTIVE
    b.set_link("lan", False)
    b.set_link("lan", True)
    wire.run(4 * SECOND)
    assert b.state() == ACTIVE


def test_newcomer_that_nobody_speaks_to_serves_in_the_end():
    wire = Wire()
    b = wire.node("b", group(router(priority=100)))
    b.start(patience_us=30 * SECOND)
    wire.run(29 * SECOND)
    assert b.state() == BACKUP
    wire.run(2 * SECOND)
    assert b.state() == ACTIVE
