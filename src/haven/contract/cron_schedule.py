# SPDX-License-Identifier: GPL-2.0-or-later
"""Schedules as cron has them: minute, hour, day of the month, month, day of the week."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from time import struct_time

# The lowest and the highest number of each field, and its name; Sunday is 0, and 7.
FIELDS = ((0, 59, "minute"), (0, 23, "hour"), (1, 31, "day"), (1, 12, "month"), (0, 7, "day of the week"))
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
MINUTE, HOUR, DAY, MONTH, WEEKDAY = range(5)
# Between two drills of a schedule at the least.
REST_S = 2 * 3600
DAY_S = 24 * 3600


class ScheduleError(ValueError):
    """What is no schedule; the text says why."""


def parse(text: str) -> "tuple[frozenset[int], ...]":
    """Return the numbers that each field of a schedule names. Raises ScheduleError."""
    words = text.split()
    if len(words) != len(FIELDS):
        raise ScheduleError("it has %d fields instead of 5" % len(words))
    found = [_field(place, word) for place, word in enumerate(words)]
    if 7 in found[WEEKDAY]:
        found[WEEKDAY] = found[WEEKDAY] | {0}
    if not _has_a_day(words, found):
        raise ScheduleError("no month has such a day")
    return tuple(frozenset(each) for each in found)


def check_rest(text: str) -> None:
    """Look whether a schedule leaves REST_S from one time to the next. Raises ScheduleError."""
    found = parse(text)
    times = sorted([3600 * hour + 60 * minute for hour in found[HOUR] for minute in found[MINUTE]])
    if _may_follow(text.split(), found):
        times.append(times[0] + DAY_S)
    rest_s = min([times[place] - times[place - 1] for place in range(1, len(times))] or [DAY_S])
    if rest_s < REST_S:
        raise ScheduleError(
            "it comes again after %d min; two are at least %d min apart" % (rest_s // 60, REST_S // 60)
        )


def _may_follow(words: "list[str]", found: "tuple[frozenset[int], ...]") -> bool:
    """Tell whether the day after one of a schedule may be another one."""
    if words[WEEKDAY] == "*":
        return _are_neighbours(found[DAY], 1, 28)
    return words[DAY] != "*" or _are_neighbours(found[WEEKDAY], 0, 6)


def _are_neighbours(days: "frozenset[int]", first: int, last: int) -> bool:
    """Tell whether one of the days comes after another; a round ends with `last`, or some days later."""
    return any(day + 1 in days or (day >= last and first in days) for day in days)


def _has_a_day(words: "list[str]", found: "list[set[int]]") -> bool:
    if words[WEEKDAY] != "*":
        return True
    longest = {month: 29 if month == 2 else 30 if month in (4, 6, 9, 11) else 31 for month in found[MONTH]}
    return min(found[DAY]) <= max(longest.values())


def _field(place: int, word: str) -> "set[int]":
    low, high, name = FIELDS[place]
    found: set[int] = set()
    for part in word.split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        if span == "*":
            begin, end = low, high if place != WEEKDAY else 6
        else:
            begin = _number(place, first)
            end = _number(place, last) if dash else (high if slash else begin)
        every = _whole(step, name) if slash else 1
        if begin > end or not every:
            raise ScheduleError("%s: '%s' names nothing" % (name, part))
        found.update(range(begin, end + 1, every))
    return found


def _number(place: int, word: str) -> int:
    low, high, name = FIELDS[place]
    names = {MONTH: MONTHS, WEEKDAY: DAYS}.get(place, ())
    if word.lower() in names:
        return names.index(word.lower()) + (1 if place == MONTH else 0)
    number = _whole(word, name)
    if not low <= number <= high:
        raise ScheduleError("%s: '%s' is not in %d..%d" % (name, word, low, high))
    return number


def _whole(word: str, name: str) -> int:
    if not word or word.strip("0123456789") or len(word) > 3:
        raise ScheduleError("%s: '%s' is no number" % (name, word))
    return int(word)


def matches(text: str, now: "struct_time") -> bool:
    """Tell whether a minute is a schedule's; where it has day and day of the week one of them is enough."""
    minutes, hours, days, months, weekdays = parse(text)
    words = text.split()
    # Monday is 0 here.
    on_day, on_weekday = now.tm_mday in days, (now.tm_wday + 1) % 7 in weekdays
    either = words[DAY] != "*" and words[WEEKDAY] != "*"
    day = on_day or on_weekday if either else on_day and on_weekday
    return day and now.tm_min in minutes and now.tm_hour in hours and now.tm_mon in months
