# SPDX-License-Identifier: GPL-2.0-or-later
"""A time that comes again and again, in the fields of cron."""

from haven.config.options.kinds import BadValue, Kind
from haven.config.spelling import visible
from haven.contract.cron_schedule import ScheduleError, check_rest


class Schedule(Kind):
    """Minute, hour, day, month and day of the week."""

    spaceless = False

    def __init__(self) -> None:
        Kind.__init__(self, "schedule", "five fields, as cron has them", "string")

    def parse(self, text: str) -> str:
        """Read a schedule; of its spaces one is kept between two fields."""
        try:
            check_rest(text)
        except ScheduleError as why:
            raise BadValue("value-schedule", value=visible(text), error=str(why)) from None
        return " ".join(text.split())
