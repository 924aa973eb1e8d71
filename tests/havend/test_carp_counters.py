# SPDX-License-Identifier: GPL-2.0-or-later
"""CARP's counters over a restart: they go on, and what was said before is still known."""

import time
from pathlib import Path

import pytest

from haven.core.carp.counter import Counter
from haven.core.clock import SECOND
from haven.havend.carp_counters import PER_SECOND, CarpCounters
from tests.core.carp_line import carp
from tests.core.wire import router

A, B = b"\x0a\0\0\2", b"\x0a\0\0\3"
FAR = 1 << 61
SPEC = carp()
WIRE = SPEC.wire()


def begun(folder: Path) -> tuple[CarpCounters, Counter]:
    """Return the counters of a new process."""
    counters: dict[tuple[str, int, int], Counter] = {}
    keeper = CarpCounters(str(folder), counters)
    keeper.set_routers([SPEC, router("wan")])
    assert list(counters) == [WIRE]
    return keeper, counters[WIRE]


def test_it_begins_by_the_clock(tmp_path: Path):
    before = int(time.time())
    _keeper, counter = begun(tmp_path)
    assert before * PER_SECOND <= counter.start <= time.time() * PER_SECOND


def test_without_a_clock_it_begins_by_chance(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 5.0)
    starts = {begun(tmp_path / str(number))[1].start for number in range(5)}
    assert len(starts) == 5


def test_it_goes_on_ahead_of_all_that_was_said_though_nobody_ended_it(tmp_path: Path, monkeypatch):
    keeper, counter = begun(tmp_path)
    for at in range(300):
        number = counter.next(16)
        counter.say(number)
        if not at % 30:
            keeper.keep(at * SECOND // 3)
    # A clock that was set back.
    monkeypatch.setattr(time, "time", lambda: 5.0)
    _keeper, after = begun(tmp_path)
    assert after.next(1) > number


def test_what_was_heard_before_is_a_replay_after_the_restart_and_the_living_are_heard(tmp_path: Path):
    keeper, counter = begun(tmp_path)
    for number in range(5):
        assert counter.accept(FAR + number, A)
    keeper.close()
    assert counter.accept(FAR + 5, A)
    _keeper, after = begun(tmp_path)
    assert not after.accept(FAR + 4, B) and after.accept(FAR + 6, A)


def test_one_whose_counter_stands_is_heard_after_the_restart(tmp_path: Path):
    keeper, counter = begun(tmp_path)
    assert counter.accept(FAR, A)
    keeper.close()
    _keeper, after = begun(tmp_path)
    assert after.accept(FAR, A) and not after.accept(FAR, B)


def test_our_own_words_are_a_replay_after_the_restart(tmp_path: Path):
    keeper, counter = begun(tmp_path)
    said = []
    for _ in range(40):
        said.append(counter.next(3))
        counter.say(said[-1])
    keeper.close()
    _keeper, after = begun(tmp_path)
    assert not after.accept(said[0], A)


@pytest.mark.parametrize("text", ["", "x", "lan 4 42\n", "lan 4 42 7 1\n", "\0\xff", "lan 4 x 7 1-2@zz\n"])
def test_a_broken_file_is_as_none(tmp_path: Path, text: str):
    (tmp_path / "carp").write_bytes(text.encode("latin-1"))
    _keeper, counter = begun(tmp_path)
    assert counter.start > PER_SECOND


def test_a_counter_stays_when_another_plan_is_taken(tmp_path: Path):
    counters: dict[tuple[str, int, int], Counter] = {}
    keeper = CarpCounters(str(tmp_path), counters)
    keeper.set_routers([SPEC])
    first = counters[WIRE]
    keeper.set_routers([SPEC, carp(name="wan")])
    assert counters[WIRE] is first and len(counters) == 2
    number = first.next(1 << 20)
    first.say(number)
    keeper.set_routers([])
    assert counters == {}
    keeper.set_routers([SPEC])
    assert counters[WIRE].next(1) > number
    _keeper, after = begun(tmp_path)
    assert after.next(1) > number
