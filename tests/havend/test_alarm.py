# SPDX-License-Identifier: GPL-2.0-or-later
"""What comes in again and again leaves everybody a turn."""

import pytest

from haven.core.clock import MILLISECOND, NEVER, SECOND
from haven.core.engine import Engine
from haven.havend.alarm import LONGEST_TRUST, LONGEST_WAIT, Alarm

# What a Backup does about an ADVERTISEMENT, and by how much the Active's timer is late.
WORK, LATE = 400, 150


@pytest.mark.parametrize("interval", [10 * MILLISECOND, 50 * MILLISECOND, 100 * MILLISECOND])
def test_advertisements_as_often_as_the_timers_are_looked_at_leave_a_turn_for_all(interval: int) -> None:
    alarm, turns, now = Alarm([(lambda: NEVER, lambda: None)], Engine()), [], SECOND
    for _ in range(4 * SECOND // interval):
        alarm.set(now + 3 * interval, NEVER, now)
        now += interval + LATE - WORK
        if not alarm.has_time(now):
            turns.append(now)
            alarm.ring(lambda: now)  # noqa: B023
        now += WORK
    gaps = [after - before for before, after in zip(turns, turns[1:], strict=False)]
    assert turns and max(gaps) <= 2 * LONGEST_TRUST + interval


def test_nobody_waits_without_end_even_where_nobody_is_ever_due() -> None:
    """The clock of a steady turn went by a time that no kernel takes for a wait."""
    alarm = Alarm([(lambda: NEVER, lambda: None)], Engine())
    assert alarm.set(NEVER, NEVER, SECOND) == LONGEST_WAIT and alarm.others_at == SECOND + LONGEST_WAIT


def lateness(monkeypatch: pytest.MonkeyPatch, alarm: Alarm, now: int) -> list[int]:
    """Tell of what the engine's Backups are told now."""
    found: list[int] = []
    monkeypatch.setattr("haven.havend.alarm.oversleep", lambda groups, late_us, now: found.append(late_us))
    alarm.note_lateness(now)
    return found


def quiet() -> Alarm:
    """Return an alarm that has been looked at."""
    alarm = Alarm([(lambda: NEVER, lambda: None)], Engine())
    alarm.set(2 * SECOND, NEVER, SECOND)
    alarm.note_lateness(SECOND)
    return alarm


def test_who_is_woken_too_late_says_so_once(monkeypatch: pytest.MonkeyPatch) -> None:
    alarm = quiet()
    alarm.set(2 * SECOND, NEVER, SECOND)
    assert lateness(monkeypatch, alarm, 2 * SECOND + 30 * MILLISECOND) == [30 * MILLISECOND]
    assert lateness(monkeypatch, alarm, 2 * SECOND + 31 * MILLISECOND) == []


def test_who_does_not_run_in_the_midst_of_a_turn_is_late_too(monkeypatch: pytest.MonkeyPatch) -> None:
    alarm = quiet()
    alarm.set(2 * SECOND, NEVER, SECOND)
    assert lateness(monkeypatch, alarm, 2 * SECOND) == []
    alarm.set(2 * SECOND + 10 * MILLISECOND, NEVER, 2 * SECOND + 50 * MILLISECOND)
    assert lateness(monkeypatch, alarm, 2 * SECOND + 50 * MILLISECOND) == [40 * MILLISECOND]


def test_time_for_a_long_work_is_no_lateness_nor_is_what_is_due_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alarm = quiet()
    alarm.is_stale = True
    alarm.set(SECOND, NEVER, SECOND + 50 * MILLISECOND)
    assert lateness(monkeypatch, alarm, SECOND + 50 * MILLISECOND) == []
    alarm.set(0, NEVER, SECOND + 51 * MILLISECOND)
    assert lateness(monkeypatch, alarm, SECOND + 51 * MILLISECOND) == []
