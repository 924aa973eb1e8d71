# SPDX-License-Identifier: GPL-2.0-or-later
"""What a word of CARP is worth: it is signed and counted, so who says it and falls silent has died."""

from haven.core.carp.packet import LEAVES
from haven.core.clock import MILLISECOND, SECOND
from haven.core.trust import YIELDS
from haven.core.vrrp.states import ACTIVE, BACKUP
from tests.core.carp_line import PEER, Other, carp
from tests.core.wire import Wire, group


def beside_another():
    """Return a wire with an Active, its memory of words, and the other implementation beside it."""
    wire = Wire()
    node = wire.node("a", group(carp(100), preempt=True))
    node.start()
    wire.run(10 * SECOND)
    assert node.state() == ACTIVE
    return wire, node, Other(node)


def trust(node):
    return node.engine.groups["gateway"].trust


def one_word_and_silence(wire, node, say):
    """Let the other say one word of a higher Active, and return how long this node took to yield."""
    say()
    took = wire.run_until(lambda: node.state() == BACKUP)
    wire.run_until(lambda: node.state() == ACTIVE)
    return took


def test_a_router_that_dies_after_its_first_word_again_and_again_has_broken_none():
    wire, node, other = beside_another()
    for _ in range(YIELDS):
        # Each time it is another process, that counts from elsewhere.
        other.counter += 1 << 40
        assert one_word_and_silence(wire, node, lambda: other.say(0)) == 0
    assert trust(node).broken_by(wire.now) is None


def test_a_group_that_changes_hands_all_the_time_yields_at_once_to_a_signed_word_and_says_so():
    wire, node, other = beside_another()
    for _ in range(YIELDS + 3):
        assert one_word_and_silence(wire, node, lambda: other.say(0)) == 0
    assert trust(node).is_flapping(wire.now)
    other.say(0)
    # What another path finds is believed as before: the word of the Active is certainly its own.
    assert node.state() == BACKUP and not node.engine.groups["gateway"].is_wary(wire.now)


def test_a_router_that_leaves_and_goes_on_is_replaced_each_time_it_leaves():
    wire, node, other = beside_another()
    for _ in range(YIELDS):
        other.say(0)
        assert node.state() == BACKUP
        wire.run(SECOND)
        other.say(LEAVES[1], advbase=LEAVES[0])
        assert wire.run_until(lambda: node.state() == ACTIVE) < SECOND
    assert trust(node).broken_by(wire.now) is None


def test_a_copy_of_a_word_that_does_not_count_is_believed_three_times_a_minute():
    """As an OpenBSD's word can be sent again by anybody, with another advskew."""
    wire, node, other = beside_another()

    def copied():
        other.counter -= 1
        other.say(0)

    other.say(200)
    for _ in range(3):
        one_word_and_silence(wire, node, copied)
    assert trust(node).broken_by(wire.now) == PEER
    copied()
    wire.run(100 * MILLISECOND)
    assert node.state() == ACTIVE and node.engine.groups["gateway"].is_wary(wire.now)
