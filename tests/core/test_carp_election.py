# SPDX-License-Identifier: GPL-2.0-or-later
"""CARP's elections: who is Active, how soon, and what is refused."""

from haven.core.carp import carp_states
from haven.core.carp.counter import Counter
from haven.core.carp.packet import LEAVES, decode
from haven.core.clock import MILLISECOND, SECOND
from haven.core.effects import Announce, Send
from haven.core.events import InSync, Maintenance, Switchover
from haven.core.vrrp import states
from haven.core.vrrp.advert import Advert, encode
from haven.core.vrrp.states import ACTIVE, BACKUP
from tests.core.carp_line import ADDRESSES, FAR, PEER, Other, carp, message, two
from tests.core.wire import Wire, gaps, group, octets_of, router

SKEW = SECOND // 256


def said(node):
    """Return every advertisement that a node has sent, decoded."""
    return [decode(effect.packets[0][1]) for _at, effect in node.said(Send)]


def alone(advskew=100, **changes):
    """Return a wire with one node, and the other implementation beside it."""
    wire = Wire()
    node = wire.node("a", group(carp(advskew), **changes))
    node.start()
    return wire, node, Other(node)


# The table


def test_the_table_knows_the_events_of_vrrp_and_leads_to_the_same_states():
    ours = {(row[0], row[1]): row[3] for row in carp_states.TABLE}
    theirs = {(row[0], row[1]): row[3] for row in states.TABLE if row[1] != states.STARTUP_OWNER}
    assert ours == theirs


# Silence and time


def test_one_that_hears_nobody_is_active_after_three_advbase_and_its_advskew():
    wire, node, _other = alone(100)
    began = wire.now
    wire.run_until(lambda: node.state() == ACTIVE)
    assert wire.now - began == 3 * SECOND + 100 * SECOND // 256


def test_an_active_speaks_every_advbase_and_advskew():
    wire, node, _other = alone(
        128,
    )
    wire.run(20 * SECOND)
    assert set(gaps([at for at, _effect in node.said(Send)])) == {SECOND + SECOND // 2}


def test_a_dead_active_is_missed_by_the_own_advbase_whatever_it_said():
    wire, node, other = alone(100)
    for _ in range(3):
        other.say(10, advbase=1)
        wire.run(SECOND)
    other.say(0, advbase=1)
    began = wire.now
    wire.run_until(lambda: node.state() == ACTIVE)
    assert wire.now - began == 3 * SECOND + 100 * SECOND // 256
    assert node.transitions()[-1][2] == "silence"


def test_the_counter_grows_with_each_word():
    wire, node, _other = alone()
    wire.run(20 * SECOND)
    counters = [advert.counter for advert in said(node)]
    assert len(counters) > 5 and counters == sorted(set(counters))


# Elections


def test_of_two_that_start_together_the_lower_advskew_is_active_and_stays_so():
    wire, a, b = two(0, 100)
    wire.start()
    assert wire.active() == ["a"]
    wire.run(100 * SECOND)
    assert wire.active() == ["a"] and len(b.transitions()) == 1
    assert sum(b.member().counters.errors.values()) == 0


def test_a_preempting_backup_takes_over_at_once():
    wire, node, other = alone(50, preempt=True)
    other.say(100)
    wire.run(MILLISECOND)
    assert node.state() == ACTIVE
    assert node.transitions()[-1][2] == "preempt"


def test_one_that_does_not_preempt_follows_a_slower_one():
    wire, node, other = alone(50)
    for _ in range(20):
        other.say(100)
        wire.run(SECOND)
    assert node.state() == BACKUP


def test_one_so_slow_that_it_would_be_missed_is_taken_for_dead():
    wire, node, other = alone(50)
    other.say(100, advbase=2)
    wire.run(MILLISECOND)
    assert node.state() == BACKUP
    other.say(1, advbase=3)
    wire.run(MILLISECOND)
    assert node.state() == ACTIVE


def test_a_demoted_active_is_relieved_without_preempt():
    wire, node, other = alone(50)
    other.say(0, demote=1)
    wire.run(MILLISECOND)
    assert node.state() == ACTIVE


def test_an_active_yields_to_a_faster_one_with_a_last_word():
    wire, node, other = alone(100)
    wire.run(10 * SECOND)
    node.forget()
    other.say(50)
    assert node.state() == BACKUP and len(node.said(Send)) == 1


def test_an_active_answers_a_slower_one_and_announces():
    wire, node, other = alone(100)
    wire.run(10 * SECOND)
    node.forget()
    other.say(150)
    assert node.state() == ACTIVE
    assert len(node.said(Send)) == 1 and node.said(Announce)


def test_of_equals_the_lower_address_from_its_end_stays():
    for source, wins in (("10.0.0.0", True), ("9.0.9.1", False), ("10.0.0.9", False)):
        wire, node, other = alone(100)
        other.source = octets_of(source)
        wire.run(10 * SECOND)
        node.forget()
        other.say(100)
        assert node.state() == (BACKUP if wins else ACTIVE), source
        # OpenBSD and FreeBSD yield to their equal: who yields makes them not, and says that it goes.
        words = [(each.advbase, each.advskew) for each in said(node)]
        assert words == [LEAVES if wins else (1, 100)], source


def test_an_equal_that_counts_addresses_the_other_way_round_is_let_have_it():
    wire, node, other = alone(100)
    wire.run(10 * SECOND)
    for _ in range(20):
        if node.state() == ACTIVE:
            other.say(100)
        wire.run(SECOND)
        if node.state() == BACKUP:
            break
    assert node.state() == BACKUP


def test_a_healed_link_between_twins_leaves_one():
    wire, a, b = two(100, 100)
    wire.start()
    wire.cut("lan")
    wire.run(10 * SECOND)
    wire.heal()
    wire.run(3 * SECOND)
    assert len(wire.active()) == 1


def test_a_group_moves_together():
    wire = Wire()
    names = ("lan", "wan")
    nodes = [
        wire.node(name, group(carp(skew, "lan"), carp(skew, "wan"))) for name, skew in (("a", 0), ("b", 90))
    ]
    wire.start()
    assert wire.active() == ["a"]
    nodes[0].set_link("wan", False)
    wire.run(2 * SECOND)
    assert wire.active() == ["b"] and all(name in nodes[1].held for name in names)


# Leaving


def test_a_stop_says_that_it_leaves_and_the_other_takes_over_before_the_addresses_go():
    wire, a, b = two(0, 100)
    wire.start()
    a.forget()
    a.stop()
    wire.run(2 * SECOND)
    assert wire.active() == ["b"] and a.engine.is_stopped()
    assert (said(a)[0].advbase, said(a)[0].advskew) == (255, 255)
    assert b.transitions()[-1][2] == "resigned"


def test_one_that_leaves_is_followed_by_the_backups_in_order():
    wire = Wire()
    for name, skew in (("a", 0), ("b", 100), ("c", 50)):
        wire.node(name, group(carp(skew)))
    wire.start()
    wire.nodes[0].stop()
    wire.run(2 * SECOND)
    assert wire.active() == ["c"]
    assert len(wire.nodes[1].transitions()) == 1


def test_a_handover_is_complete_with_the_first_word_of_another():
    wire, node, other = alone(100)
    wire.run(10 * SECOND)
    node.handle(Switchover())
    assert node.state() == ACTIVE
    wire.run(5 * MILLISECOND)
    other.say(200)
    assert node.state() == BACKUP
    wire.run(SECOND)
    other.say(200)
    wire.run(SECOND)
    assert node.state() == BACKUP


def test_a_switchover_comes_to_the_other_and_back():
    wire, a, b = two(0, 100)
    wire.start()
    a.handle(Switchover())
    wire.run(3 * SECOND)
    assert wire.active() == ["b"]
    b.handle(Switchover())
    wire.run(3 * SECOND)
    assert wire.active() == ["a"]


def test_maintenance_demotes_and_says_so_to_all_kinds():
    wire, a, b = two(0, 100)
    wire.start()
    a.handle(Maintenance(True))
    wire.run(3 * SECOND)
    assert wire.active() == ["b"]
    b.power_off()
    wire.run(10 * SECOND)
    assert wire.active() == ["a"]
    last = said(a)[-1]
    assert (last.demote, last.advbase, last.advskew) == (128, 1, 254)
    b.start()
    wire.run(10 * SECOND)
    assert wire.active() == ["b"]


def test_what_is_tracked_raises_the_advskew():
    wire = Wire()
    a = wire.node("a", group(carp(10, tracks=(("eth9", 120),)), preempt=True))
    b = wire.node("b", group(carp(100), preempt=True))
    wire.start()
    assert wire.active() == ["a"]
    a.set_link("eth9", False)
    wire.run(5 * SECOND)
    assert wire.active() == ["b"]
    assert a.member().shown(a.member().priority) == 254 - 130
    a.set_link("eth9", True)
    wire.run(5 * SECOND)
    assert wire.active() == ["a"] and b.state() == BACKUP


# What is refused


def test_another_password_and_other_addresses_are_named_and_change_nothing():
    wire, node, other = alone(100)
    wire.run(10 * SECOND)
    other.say(0, password=b"wrong")
    other.say(0, addresses=ADDRESSES + (octets_of("10.0.0.101"),))
    assert node.state() == ACTIVE
    assert node.member().counters.errors["digest"] == 2
    assert node.member().drops["digest"][0] == PEER


def test_a_replay_is_refused_whoever_sends_it_and_whatever_it_says():
    wire, node, other = alone(100)
    heard = [other.say(10) for _ in range(3)]
    wire.run(10 * SECOND)
    assert node.state() == ACTIVE
    for each in heard:
        for source in (PEER, octets_of("10.0.0.77")):
            better = bytearray(each)
            better[2], better[6], better[7] = 0, 0, 0
            from haven.core.checksum import internet_checksum

            total = internet_checksum(bytes(better))
            better[6], better[7] = total >> 8, total & 255
            node.hear(bytes(better), source)
            node.hear(each, source)
    assert node.state() == ACTIVE
    assert node.member().counters.errors["replay"] == 12


def test_our_own_words_sent_back_by_another_are_a_replay():
    wire, node, _other = alone(100)
    wire.run(10 * SECOND)
    sent = [effect.packets[0][1] for _at, effect in node.said(Send)]
    for each in sent:
        node.hear(each, PEER)
    assert node.state() == ACTIVE and node.member().counters.errors["replay"] == len(sent)


def test_a_backup_is_not_kept_from_taking_over_by_a_replay():
    wire, node, other = alone(100)
    heard = other.say(10)
    other.say(10)
    for _ in range(40):
        wire.run(100 * MILLISECOND)
        node.hear(heard, PEER)
    assert node.state() == ACTIVE


def test_a_counter_that_stands_as_openbsds_does_is_taken_and_told():
    wire, node, _other = alone(100)
    for _ in range(10):
        node.hear(message(10, FAR), PEER)
        wire.run(SECOND)
    assert node.state() == BACKUP
    assert node.member().anomalies["standing"][0] == PEER
    assert node.member().counters.errors["replay"] == 0


def test_a_peer_that_starts_again_is_heard_with_whatever_counter():
    wire, node, other = alone(100)
    for counter in (FAR, 3 * FAR, 2):
        other.counter = counter
        for _ in range(5):
            other.say(10)
            wire.run(SECOND)
    assert node.state() == BACKUP and node.member().counters.errors["replay"] == 0


def test_one_that_starts_again_with_old_numbers_is_heard_after_a_few_words():
    wire, a, b = two(0, 100)
    wire.start()
    # Its own numbers are elsewhere, so that nobody goes on from them.
    b.member().counter = Counter(FAR)
    wire.run(100 * SECOND)
    a.power_off()
    wire.run(10 * SECOND)
    assert wire.active() == ["b"]
    wire.cut("lan")
    # A new process, whose counter begins where the first one's did.
    a.start()
    wire.run(10 * SECOND)
    wire.heal()
    wire.run(1 * SECOND)
    assert b.member().counters.errors["replay"] > 0
    wire.run(10 * SECOND)
    assert wire.active() == ["a"]


def test_vrrp_of_the_same_number_is_named_and_changes_nothing():
    wire, node, _other = alone(100)
    wire.run(10 * SECOND)
    vrrp = encode(Advert(3, 42, 255, SECOND, ADDRESSES), PEER, node.member().spec.destinations()[0])
    node.hear(vrrp, PEER)
    assert node.state() == ACTIVE and node.member().counters.errors["version"] == 1


def test_carp_of_the_same_number_is_named_by_vrrp_and_changes_nothing():
    for version in (2, 3):
        wire = Wire()
        node = wire.node("a", group(router(vrid=42, version=version)))
        node.start()
        wire.run(10 * SECOND)
        node.hear(message(0, FAR), PEER)
        assert node.state() == ACTIVE
        assert node.member().counters.errors["version"] == 1


def test_a_reload_from_vrrp_to_carp_lets_go_of_the_one_and_begins_the_other():
    wire = Wire()
    node = wire.node("a", group(router(vrid=42, addresses=ADDRESSES)))
    node.start()
    wire.run(10 * SECOND)
    node.forget()
    node.load(group(carp(100)))
    wire.run(5 * SECOND)
    assert node.state() == ACTIVE and {advert.advskew for advert in said(node)} == {100}


# Beside it


def test_another_path_has_numbers_of_its_own():
    wire, node, _other = alone(100)
    wire.run(10 * SECOND)
    by_path = node.member().vouching(wire.now).packets[0][1]
    node.forget()
    wire.run(2 * SECOND)
    assert decode(by_path).counter < min(advert.counter for advert in said(node))


def test_what_is_prepared_for_a_takeover_is_said_as_it_is():
    wire, node, other = alone(100)
    node.handle(InSync(True))
    other.say(10)
    prepared = node.member().advertisement()
    assert node.member().advertisement() is prepared
    wire.run(10 * SECOND)
    assert node.said(Send)[0][1] is prepared


def test_a_priority_is_shown_as_the_one_that_an_advskew_is_made_from():
    _wire, node, other = alone(154)
    assert node.member().shown(node.member().priority) == 100
    other.say(54)
    assert node.member().shown(node.member().active_priority) == 200
    assert node.member().shown(None) is None
