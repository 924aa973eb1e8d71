# SPDX-License-Identifier: GPL-2.0-or-later
"""A BFD session: its table, its intervals, and what it makes of silence and of the other's words."""

from haven.core.bfd import bfd_session
from haven.core.bfd.bfd_session import (
    DISABLED,
    FAILURES,
    OWN_DISABLED,
    PEER_DISABLED,
    RESTARTED,
    SILENCE,
    SILENT,
    SLOWLY_US,
    TABLE,
    TOLD,
    UNHEARD,
)
from haven.core.bfd.control_packet import (
    ADMIN_DOWN,
    ADMINISTRATIVELY,
    DOWN,
    ECHO_FAILED,
    EXPIRED,
    INIT,
    NEIGHBOUR_SAID,
    PATH_DOWN,
    UP,
    ControlPacket,
    decode,
)
from haven.core.clock import MILLISECOND, NEVER, SECOND
from tests.core.bfd_line import Line, line, session, spec
from tests.core.wire import gaps

STATES = (ADMIN_DOWN, DOWN, INIT, UP)


def said(state, yours=1, mine=2, diagnostic=0, **more):
    return ControlPacket(state, mine, yours, 10 * MILLISECOND, 10 * MILLISECOND, 3, diagnostic, **more)


# The table


def test_there_is_one_row_for_a_state_and_an_event_and_it_leads_to_a_state():
    pairs = [(row[0], row[1]) for row in TABLE]
    assert len(set(pairs)) == len(pairs)
    for row in TABLE:
        assert row[0] in STATES and row[2] in STATES and row[0] != row[2]
        assert row[1] in STATES + (SILENT, DISABLED)


def test_table_is_that_of_rfc_5880():
    """6.8.6, by its text: next state for each state and each state that is heard."""
    wanted = {
        DOWN: {ADMIN_DOWN: DOWN, DOWN: INIT, INIT: UP, UP: DOWN},
        INIT: {ADMIN_DOWN: DOWN, DOWN: INIT, INIT: UP, UP: UP},
        UP: {ADMIN_DOWN: DOWN, DOWN: DOWN, INIT: UP, UP: UP},
        ADMIN_DOWN: {ADMIN_DOWN: ADMIN_DOWN, DOWN: ADMIN_DOWN, INIT: ADMIN_DOWN, UP: ADMIN_DOWN},
    }
    for state in STATES:
        for heard in STATES:
            one = session(1)
            one.state = state
            one.hear(said(heard), 0)
            assert one.state == wanted[state][heard], (state, heard)


# Up


def test_two_sessions_come_up_slowly_and_then_send_as_often_as_both_want():
    found = line({"tx_ms": 10, "rx_ms": 20}, {"tx_ms": 30, "rx_ms": 15})
    one, two = found.sessions
    assert (one.state, two.state) == (UP, UP)
    assert one.transmit_us() == 15 * MILLISECOND and two.transmit_us() == 30 * MILLISECOND
    assert one.detection_us() == 3 * 30 * MILLISECOND and two.detection_us() == 3 * 15 * MILLISECOND
    assert found.causes(0) == found.causes(1) == [None]


def test_nobody_sends_more_than_once_a_second_before_it_is_up():
    alone = Line(session(1), session(2))
    alone.cut = {0, 1}
    alone.run(20 * SECOND)
    times = [when for when, _packet in alone.sent[0]]
    assert 20 <= len(times) <= 28
    for _when, packet in alone.sent[0]:
        assert packet.min_tx_us == SLOWLY_US and packet.state == DOWN and packet.yours == 0


def test_intervals_are_shortened_by_chance_by_up_to_a_quarter():
    found = line()
    between = gaps([when for when, _packet in found.since(0, 3 * SECOND)])
    assert min(between) >= 7500 and max(between) <= 10000
    assert min(between) < 8000 and max(between) > 9500
    # With a multiplier of 1 the other must not time out by it.
    single = session(1, multiplier=1)
    assert single._jittered_us(1.0) == SLOWLY_US * 9 // 10


def test_polls_until_the_other_confirms_and_answers_polls_at_once():
    found = line()
    polls = [packet for _when, packet in found.sent[0] if packet.poll]
    finals = [when for when, packet in found.sent[1] if packet.final]
    assert polls and finals and not found.since(0, 4 * SECOND)[0][1].poll
    for number in (0, 1):
        assert not any(packet.poll and packet.final for _when, packet in found.sent[number])
    one = found.sessions[0]
    one.hear(said(UP, poll=True), found.now)
    answer = decode(one.to_send(found.now, 0.5))
    assert answer.final and not answer.poll


def test_poll_that_comes_with_each_packet_of_a_flood_is_answered_seldom():
    one = line().sessions[0]
    answers = 0
    for number in range(1000):
        now = 5 * SECOND + number * 100
        one.hear(said(UP, poll=True), now)
        answers += one.to_send(now, 1.0) is not None
    assert answers <= 100000 // bfd_session.AT_ONCE_US + 1


def test_who_wants_no_packets_gets_none_but_answers():
    one = line().sessions[0]
    packet = said(UP)
    packet.min_rx_us = 0
    one.hear(packet, 5 * SECOND)
    assert one.to_send(5 * SECOND + 1, 0.5) is None and one.to_send(9 * SECOND, 0.5) is None
    packet.poll = True
    one.hear(packet, 9 * SECOND)
    assert decode(one.to_send(9 * SECOND, 0.5)).final


def test_peer_in_demand_mode_is_not_sent_to_while_both_are_up():
    one = line().sessions[0]
    one.hear(said(UP, demand=True), 5 * SECOND)
    assert one.to_send(6 * SECOND, 0.5) is None
    one.hear(said(UP), 6 * SECOND)
    assert one.to_send(6 * SECOND, 0.5) is not None


# Other intervals


def test_longer_interval_is_used_when_the_other_has_confirmed_it_and_nobody_times_out():
    found = line()
    one, two = found.sessions
    one.change_spec(spec(tx_ms=100, rx_ms=10))
    found.run(5 * MILLISECOND)
    found.run(2 * SECOND)
    assert one.transmit_us() == 100 * MILLISECOND and two.detection_us() == 300 * MILLISECOND
    assert found.causes(0) == found.causes(1) == [None]


def test_shorter_detection_holds_only_when_the_other_has_confirmed_it():
    found = line({"rx_ms": 100})
    one = found.sessions[0]
    assert one.detection_us() == 300 * MILLISECOND
    found.cut = {0}
    one.change_spec(spec(rx_ms=10))
    assert one.detection_us() == 300 * MILLISECOND
    found.cut = set()
    found.run(SECOND)
    assert one.detection_us() == 30 * MILLISECOND
    assert found.causes(0) == found.causes(1) == [None]


# Silence


def test_silence_is_noticed_after_the_detection_time_and_not_before():
    found = line()
    one = found.sessions[0]
    found.cut = {1}
    began = one.heard_at
    found.run(began + 30 * MILLISECOND - found.now)
    assert one.state == UP
    found.run(1)
    assert one.state == DOWN and one.diagnostic == EXPIRED
    change = found.changes[0][-1]
    assert change.cause == SILENCE and change.silence_us == 30 * MILLISECOND
    assert SILENCE in FAILURES


def test_other_is_told_at_once_and_sessions_come_up_again():
    found = line()
    found.cut = {1}
    found.run(60 * MILLISECOND)
    assert found.sessions[1].state == DOWN and found.causes(1) == [None, UNHEARD]
    found.cut = set()
    found.run(4 * SECOND)
    assert [each.state for each in found.sessions] == [UP, UP]
    # It begins anew with a discriminator that it does not know.
    assert found.causes(0) == [None, SILENCE, None]


def test_time_in_which_this_node_did_not_listen_is_nobodys_silence():
    found = line()
    one = found.sessions[0]
    late = one.heard_at + 100 * MILLISECOND
    one.oversleep(80 * MILLISECOND)
    one.tick(late)
    assert one.state == UP
    one.tick(late + 10 * MILLISECOND)
    assert one.state == DOWN


def test_session_that_has_heard_nobody_waits_for_ever():
    one = session(1)
    assert one.silent_at() == NEVER
    one.tick(100 * SECOND)
    assert one.state == DOWN and one.changes == []


# What the other says


def test_words_of_the_other_are_failures_only_where_it_does_not_forward():
    cases = (
        (said(DOWN), TOLD, True),
        (said(DOWN, diagnostic=PATH_DOWN), TOLD, True),
        # It lives, and hears nothing: that may be this node's own pause.
        (said(DOWN, diagnostic=EXPIRED), UNHEARD, False),
        (said(DOWN, diagnostic=ECHO_FAILED), UNHEARD, False),
        (said(DOWN, diagnostic=NEIGHBOUR_SAID), UNHEARD, False),
        (said(ADMIN_DOWN), PEER_DISABLED, False),
    )
    for packet, cause, is_failure in cases:
        found = line()
        one = found.sessions[0]
        one.hear(packet, found.now)
        assert one.state == DOWN and one.diagnostic == NEIGHBOUR_SAID
        assert one.changes[-1].cause == cause and (cause in FAILURES) == is_failure


def test_who_has_begun_anew_is_silent_to_the_session_and_that_is_no_failure():
    cases = (
        (said(DOWN, yours=0), RESTARTED),
        (said(DOWN, yours=0, diagnostic=EXPIRED), UNHEARD),
        (said(ADMIN_DOWN, yours=0), PEER_DISABLED),
    )
    for packet, cause in cases:
        one = line().sessions[0]
        one.hear(packet, one.heard_at + 1)
        assert one.state == UP
        one.tick(one.silent_at())
        assert one.state == DOWN and one.changes[-1].cause == cause and cause not in FAILURES


def test_who_forges_the_beginning_of_a_session_ends_none():
    """Without its number; the other router hears this one all the time, and its own silence is a failure."""
    found = line()
    for _ in range(100):
        for each in found.sessions:
            each.hear(said(DOWN, yours=0, mine=7, poll=True), found.now)
            each.hear(said(ADMIN_DOWN, yours=0, mine=8), found.now)
        found.run(7 * MILLISECOND)
    assert found.causes(0) == found.causes(1) == [None]
    assert [each.remote_discriminator for each in found.sessions] == [2, 1]
    found.sessions[1].tick(found.sessions[1].silent_at())
    assert found.sessions[1].changes[-1].cause == SILENCE


def test_session_that_is_taken_down_says_so_and_is_silent():
    found = line()
    one, two = found.sessions
    one.disable(found.now)
    found.turn()
    assert one.state == ADMIN_DOWN and one.diagnostic == ADMINISTRATIVELY
    assert two.state == DOWN and found.causes(1) == [None, PEER_DISABLED]
    assert found.causes(0) == [None, OWN_DISABLED]
    sent = len(found.sent[0])
    found.run(10 * SECOND)
    assert len(found.sent[0]) == sent and one.state == ADMIN_DOWN


def test_who_was_taken_down_on_purpose_is_remembered_when_it_is_silent():
    one = line().sessions[0]
    one.hear(said(ADMIN_DOWN), 5 * SECOND)
    one.tick(100 * SECOND)
    assert one.remote_state == ADMIN_DOWN and one.remote_discriminator == 0


def test_who_asked_for_few_packets_and_is_gone_is_asked_again_soon():
    one = line().sessions[0]
    packet = said(DOWN, diagnostic=EXPIRED)
    packet.min_rx_us = 0xFFFFFFFF
    one.hear(packet, 5 * SECOND)
    assert decode(one.to_send(5 * SECOND, 0.5)).state == DOWN
    one.tick(6 * SECOND)
    assert one.deadline() <= 7 * SECOND and one.to_send(7 * SECOND, 0.5) is not None


def test_end_is_said_although_something_was_said_a_moment_ago():
    one = line().sessions[0]
    one.hear(said(UP, poll=True), 5 * SECOND)
    assert decode(one.to_send(5 * SECOND, 0.5)).final
    one.disable(5 * SECOND + 1)
    assert decode(one.to_send(5 * SECOND + 1, 0.5)).state == ADMIN_DOWN
