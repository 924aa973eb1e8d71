# SPDX-License-Identifier: GPL-2.0-or-later
"""What comes in again and again leaves everybody a turn."""

import pytest

from haven.core.clock import MILLISECOND, NEVER, SECOND
from haven.havend.alarm import LONGEST_TRUST, Alarm

# What a Backup does about an ADVERTISEMENT, and by how much the Active's timer is late.
WORK, LATE = 400, 150


@pytest.mark.parametrize("interval", [10 * MILLISECOND, 50 * MILLISECOND, 100 * MILLISECOND])
def test_advertisements_as_often_as_the_timers_are_looked_at_leave_a_turn_for_all(interval: int) -> None:
    alarm, turns, now = Alarm([(lambda: NEVER, lambda: None)]), [], SECOND
    for _ in range(4 * SECOND // interval):
        alarm.set(now + 3 * interval, NEVER, now)
        now += interval + LATE - WORK
        if not alarm.has_time(now):
            turns.append(now)
            alarm.ring(lambda: now)  # noqa: B023
        now += WORK
    gaps = [after - before for before, after in zip(turns, turns[1:], strict=False)]
    assert turns and max(gaps) <= 2 * LONGEST_TRUST + interval
