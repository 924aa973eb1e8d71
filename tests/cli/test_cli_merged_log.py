# SPDX-License-Identifier: GPL-2.0-or-later
"""One log of routers whose clocks differ, or were set in between."""

from haven.cli.merged_log import merged


def log(ahead: float, *events: tuple[float, str]) -> tuple[float, list[dict]]:
    return ahead, [{"at": at, "text": text} for at, text in events]


def texts(*logs: tuple[float, list[dict]]) -> list[str]:
    return [event["text"] for event in merged(list(logs))]


def test_an_order_comes_before_what_follows_from_it_by_whatever_clock():
    first = log(0, (100.0, "r1 hands over"), (100.5, "r1 is Backup"))
    # An hour slow.
    second = log(-3600, (100.2 - 3600, "r2 takes over"))
    assert texts(first, second) == ["r1 hands over", "r2 takes over", "r1 is Backup"]
    assert [round(event["here"], 3) for event in merged([first, second])] == [100.0, 100.2, 100.5]


def test_what_came_before_a_clock_was_set_stays_before_it():
    first = log(0, (100.0, "r1 is Active"), (130.0, "r1 is gone"))
    booted = log(0, (5.0, "r2 starts in 1970"), (131.0, "r2 is Active"))
    assert texts(first, booted) == ["r2 starts in 1970", "r1 is Active", "r1 is gone", "r2 is Active"]
    set_back = log(0, (900.0, "r2 starts, too late by its clock"), (131.0, "r2 is Active"))
    assert texts(first, set_back)[-2:] == ["r2 starts, too late by its clock", "r2 is Active"]


def test_nothing_is_nothing():
    assert merged([log(0), log(5)]) == []
