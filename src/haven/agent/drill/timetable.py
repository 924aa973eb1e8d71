# SPDX-License-Identifier: GPL-2.0-or-later
"""When a schedule of cron's is due, by the clock on the wall, which may be set at any time."""

import time

from haven.contract.cron_schedule import REST_S, matches

# A clock that is set back, or an hour that comes twice, begins no second one. The look that found one due may
# have been late in its minute.
FREE_S = REST_S - 60


class Timetable:
    """Asked at least once a minute."""

    def __init__(self) -> None:
        self._minute = int(time.time() // 60)
        self._begun_at: float | None = None

    def is_due(self, schedule: str, now: float) -> bool:
        """Tell whether a minute of the schedule has just begun; one that was missed is not caught up."""
        minute = int(now // 60)
        if minute == self._minute or not schedule:
            return False
        self._minute = minute
        steady = time.monotonic()
        if self._begun_at is not None and steady - self._begun_at < FREE_S:
            return False
        if not matches(schedule, time.localtime(now)):
            return False
        self._begun_at = steady
        return True
