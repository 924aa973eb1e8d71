# SPDX-License-Identifier: GPL-2.0-or-later
"""CARP's counter: it grows, and what was said before is noticed."""

from haven.core.carp.counter import MOST_RUNS, NEAR, NUMBERS, Counter, CounterRun

A, B = b"\x0a\0\0\1", b"\x0a\0\0\2"
FAR = 1 << 60


def test_a_number_is_taken_once_and_whatever_is_behind_it_never():
    counter = Counter()
    assert counter.accept(FAR, A) and counter.accept(FAR + 1, A) and counter.accept(FAR + 5, B)
    for before in (0, 1, 2, 5, 100, NEAR - 1):
        assert not counter.accept(FAR + 5 - before, A)
        assert not counter.accept(FAR + 5 - before, B)


def test_a_router_that_starts_again_begins_a_run_and_the_old_one_is_not_forgotten():
    counter = Counter()
    for number in (FAR, FAR + 1, 3 * FAR, 3 * FAR + 1):
        assert counter.accept(number, A)
    assert not counter.accept(FAR, A) and not counter.accept(FAR + 1, A)
    # A living one goes on.
    assert counter.accept(FAR + 2, B)


def test_a_counter_that_never_grew_may_come_again_from_its_router_alone():
    counter = Counter()
    assert counter.accept(FAR, A) and not counter.stands(A)
    assert counter.accept(FAR, A) and counter.stands(A)
    assert not counter.accept(FAR, B)
    assert counter.accept(FAR + 1, A) and not counter.stands(A)
    assert not counter.accept(FAR + 1, A)


def test_own_numbers_grow_and_are_no_news_when_they_come_back():
    counter = Counter(FAR)
    first = counter.next(3)
    assert counter.next(3) == first == FAR + 3
    counter.say(first)
    assert counter.next(3) == FAR + 6
    assert not counter.accept(first, A)


def test_what_others_say_in_our_run_is_behind_us_and_what_is_far_away_is_not():
    counter = Counter(FAR)
    assert counter.accept(FAR + 1000, A)
    assert counter.next(1) == FAR + 1001
    assert counter.accept(3 * FAR, A)
    assert counter.next(1) == FAR + 1001


def test_one_that_begins_ahead_by_its_clock_still_hears_whoever_is_behind_it():
    counter = Counter(FAR)
    assert counter.accept(FAR - 5000, A) and counter.accept(FAR - 4999, A)
    assert counter.next(1) == FAR + 1
    counter.say(FAR + 1)
    assert counter.accept(FAR - 4998, A)


def test_one_that_lags_behind_our_last_words_is_heard_and_a_replay_of_them_is_not():
    counter = Counter(FAR)
    said = []
    for _ in range(100):
        said.append(counter.next(3))
        counter.say(said[-1])
    assert counter.accept(said[-2] + 1, A) and counter.accept(said[-2] + 2, A)
    assert not counter.accept(said[-2] + 1, A) and not counter.accept(said[-2] + 2, A)
    assert counter.next(3) == said[-1] + 3
    for number in said + [said[0] + 1, said[50] + 1]:
        assert not counter.accept(number, B), number


def test_the_next_process_knows_what_was_said_and_heard():
    counter = Counter(FAR)
    counter.accept(3 * FAR, A)
    counter.say(counter.next(3))
    known = Counter(FAR + 4096, counter.known())
    assert not known.accept(FAR + 3, B) and not known.accept(3 * FAR, B)
    assert known.accept(FAR + 4, B)


def test_what_is_made_and_not_said_yet_moves_nothing():
    counter = Counter()
    counter.accept(10, A)
    assert counter.next(16) == 26
    assert counter.accept(11, A)


def test_numbers_go_on_behind_the_last_of_all():
    counter = Counter(NUMBERS - 1)
    counter.say(counter.next(2))
    assert counter.start == 1
    assert not counter.accept(1, A)
    assert counter.accept(2, A) and counter.next(2) == 4


def test_runs_do_not_fill_the_memory_and_the_one_that_grows_is_kept():
    counter = Counter(0, [CounterRun(0, 9)])
    for number in range(1, 3 * MOST_RUNS):
        assert counter.accept(number << 40, A)
        assert counter.accept(10 + number, B)
    assert len(counter.runs) == MOST_RUNS
    assert [run.last for run in counter.runs if run.first == 0] == [9 + 3 * MOST_RUNS]


def test_many_processes_know_what_the_first_has_said():
    counter, first = Counter(FAR), []
    for _process in range(3 * MOST_RUNS):
        for _word in range(40):
            first.append(counter.next(3))
            counter.say(first[-1])
        counter = Counter(counter.highest() + 4096, counter.known())
    assert len(counter.runs) == 1
    # The last words of the last process are what its peers may lag behind.
    for number in first[:-32]:
        assert not counter.accept(number, A), number
