# SPDX-License-Identifier: GPL-2.0-or-later
"""When router advertisements leave (RFC 4861 6.2.4 to 6.2.6)."""

from haven.core.clock import MILLISECOND, NEVER, SECOND
from haven.core.ra import advertising
from haven.core.ra.advertising import (
    ACTIVE,
    ADVERTISING,
    CEASED,
    CHANGED,
    GIVEN_UP,
    HANDING_OVER,
    KEPT,
    LEAVING,
    SILENT,
    TABLE,
    AdvertisingInterface,
    Emission,
)
from tests.core.ra_specs import advert_spec

ALL = [Emission()]
HOST, OTHER = (b"\1" * 16, b"\2" * 6), (b"\3" * 16, b"\4" * 6)


class Chance:
    """Chance that a test decides: a share, in percent, of what is possible."""

    def __init__(self, percent=50):
        self.percent = percent

    def __call__(self, below):
        return (below - 1) * self.percent // 100


def interface(percent=50, **changes):
    return AdvertisingInterface(advert_spec(**changes), Chance(percent))


def sent(made, until):
    """Return when advertisements leave by themselves until a time."""
    times = []
    while made.deadline() <= until:
        now = made.deadline()
        times += [now for _each in made.tick(now)]
    return times


def gaps(times):
    found = [times[at + 1] - times[at] for at in range(len(times) - 1)]
    assert found
    return found


def test_nothing_leaves_before_the_virtual_router_is_active_and_nothing_after():
    made = interface()
    assert (made.state, made.deadline()) == (SILENT, NEVER)
    assert made.solicit(HOST, 5) == made.handle(CHANGED, 6) == []
    assert made.handle(ACTIVE, 7) == ALL
    # Without a final one: the next Active is the same router to the hosts.
    assert made.handle(GIVEN_UP, 8) == []
    assert (made.state, made.deadline()) == (SILENT, NEVER)
    assert made.solicit(HOST, 9) == made.handle(advertising.TIMER, 9) == []


def test_a_new_active_speaks_at_once_and_then_as_the_first_three_are_to():
    made = interface()
    assert made.handle(ACTIVE, 0) == ALL
    assert sent(made, 1000 * SECOND) == [16 * SECOND, 32 * SECOND, 432 * SECOND, 832 * SECOND]


def test_a_short_interval_is_kept_among_the_first_three():
    made = interface(0, min_interval_us=3 * SECOND, max_interval_us=4 * SECOND)
    made.handle(ACTIVE, 0)
    assert sent(made, 12 * SECOND) == [3 * SECOND, 6 * SECOND, 9 * SECOND, 12 * SECOND]


def test_the_interval_is_between_the_two_whatever_chance_says():
    for percent in (0, 1, 50, 99, 100):
        made = interface(percent)
        made.handle(ACTIVE, 0)
        times = sent(made, 5000 * SECOND)
        assert all(200 * SECOND <= gap <= 600 * SECOND for gap in gaps(times[2:]))


def test_a_host_that_asks_is_answered_alone_within_half_a_second():
    made = interface(100)
    made.handle(ACTIVE, 0)
    assert made.solicit(HOST, 5 * SECOND) == []
    assert made.deadline() == 5 * SECOND + 500 * MILLISECOND
    assert made.tick(made.deadline()) == [Emission(HOST)]
    # The unsolicited ones go on as if nobody had asked.
    assert made.deadline() == 16 * SECOND


def test_two_hosts_at_once_and_one_without_an_address_get_one_answer_for_all():
    for second in (OTHER, None):
        made = interface(100)
        made.handle(ACTIVE, 0)
        made.solicit(HOST, 5 * SECOND)
        made.solicit(second, 5 * SECOND + 1)
        assert sent(made, 6 * SECOND) == [5500 * MILLISECOND]
        assert made.state == ADVERTISING


def test_answers_to_all_are_three_seconds_apart_however_many_ask():
    made = interface(0)
    made.handle(ACTIVE, 0)
    times = []
    for now in range(0, 30 * SECOND, 100 * MILLISECOND):
        made.solicit(None, now)
        times += [now for each in made.tick(now) if each.to is None]
    assert times[0] == 3 * SECOND
    assert min(gaps(times)) >= 3 * SECOND
    assert len(times) == 9


def test_a_change_is_told_soon_and_again():
    made = interface()
    made.handle(ACTIVE, 0)
    assert made.handle(CHANGED, SECOND) == []
    assert sent(made, 60 * SECOND) == [3 * SECOND, 19 * SECOND, 35 * SECOND]


def test_whoever_hands_over_is_silent_until_nobody_has_come():
    made = interface(0)
    made.handle(ACTIVE, 0)
    made.solicit(HOST, 5 * SECOND)
    made.handle(HANDING_OVER, 5 * SECOND)
    assert (made.state, made.deadline()) == (LEAVING, NEVER)
    assert made.solicit(HOST, 6 * SECOND) == []
    made.handle(KEPT, 7 * SECOND)
    assert sent(made, 16 * SECOND) == [16 * SECOND]


def test_asking_again_and_again_for_somebody_else_changes_nothing_about_the_time():
    made = interface()
    made.handle(ACTIVE, 0)
    times = []
    for now in range(0, 1000 * SECOND, 10 * SECOND):
        made.handle(HANDING_OVER, now)
        made.handle(KEPT, now + SECOND)
        times += sent(made, now + 9 * SECOND)
    assert times == [16 * SECOND, 32 * SECOND, 432 * SECOND, 832 * SECOND]


def test_a_final_one_leaves_from_every_state_when_it_is_for_good():
    last = [Emission(None, True)]
    made = interface()
    made.handle(ACTIVE, 0)
    assert made.handle(CEASED, 1) == last and made.deadline() == NEVER
    made.handle(ACTIVE, 2)
    made.handle(HANDING_OVER, 3)
    assert made.handle(CEASED, 4) == last and made.state == SILENT
    # The addresses are given up first, and then it turns out that nobody has taken them.
    assert made.handle(CEASED, 5) == last


def test_every_row_of_the_table_is_the_only_one_of_its_kind():
    assert len({(row[0], row[1]) for row in TABLE}) == len(TABLE)
    assert {row[3] for row in TABLE} == {SILENT, ADVERTISING, LEAVING}
