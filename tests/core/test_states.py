# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of states, and the values that cross the border of the core."""

from haven.core.clock import SECOND
from haven.core.effects import Announce, Reapply, Release, Send
from haven.core.events import Shutdown, Startup
from haven.core.vrrp import states
from haven.core.vrrp.timing import active_down_interval, skew_time
from tests.core.check import raised

STATES = (states.INITIALIZE, states.BACKUP, states.ACTIVE)


def test_there_is_one_row_for_a_state_and_an_event():
    pairs = [(row[0], row[1]) for row in states.TABLE]
    assert len(set(pairs)) == len(pairs)
    for row in states.TABLE:
        assert states.row_for(row[0], row[1]) is row


def test_every_row_leads_from_state_to_state():
    for before, _event, _actions, after, _section in states.TABLE:
        assert before in STATES and after in STATES


def test_addresses_are_taken_and_given_up_with_the_state():
    for before, event, actions, after, _section in states.TABLE:
        assert (states.TAKE_OVER in actions) == (before != states.ACTIVE and after == states.ACTIVE), event
        assert (states.RELEASE in actions) == (before == states.ACTIVE and after != states.ACTIVE), event


def test_rivals_hear_of_a_takeover_before_the_addresses_are_there():
    for _before, event, actions, _after, _section in states.TABLE:
        if states.TAKE_OVER in actions:
            assert actions[:3] == (states.SEND_ADVERT, states.TAKE_OVER, states.ANNOUNCE), event


def test_any_state_can_be_stopped_and_can_fail():
    for state in STATES:
        for event in (states.SHUTDOWN, states.FAULT):
            assert states.row_for(state, event)[3] == states.INITIALIZE


def test_an_event_that_a_state_does_not_know_is_a_mistake():
    raised(KeyError, states.row_for, states.INITIALIZE, states.ADVER_TIMER)


def test_skew_time_is_that_of_each_version():
    # RFC 9568 6.1 reckons with the interval, RFC 3768 6.1 with a second.
    assert skew_time(3, 254, SECOND // 100) == 78
    assert skew_time(3, 1, 40 * SECOND) == 39843750
    assert skew_time(2, 100, 10 * SECOND) == 609375
    assert active_down_interval(2, 100, 10 * SECOND) == 30609375
    assert active_down_interval(3, 254, SECOND // 100) == 30078


def test_values_are_equal_by_kind_and_content():
    assert Announce("lan") == Announce("lan")
    assert Announce("lan") != Announce("wan")
    assert Announce("lan") != Reapply("lan")
    assert Shutdown() == Shutdown() and Shutdown() != Startup()
    assert len({Release(("lan",)), Release(("lan",)), Release(("wan",))}) == 2


def test_a_value_prints_its_kind_and_content():
    assert repr(Send("lan", b"", ())) == "Send(packets=(), router='lan', source=b'')"
