# SPDX-License-Identifier: GPL-2.0-or-later
"""Schedules of cron's: what they name, when they are due, what is none."""

import time

import pytest

from haven.agent.drill import timetable
from haven.agent.drill.timetable import Timetable
from haven.config.load import load_text
from haven.contract.cron_schedule import REST_S, ScheduleError, check_rest, matches
from haven.plan.assemble import compile_plan
from haven.plan.machine import DeviceFacts, Machine

CONFIG = """config haven 'main'
	option node 'r1'
	option drill '%s'
config virtual_router 'lan'
	option device 'lan'
	option vrid '51'
	list address '192.168.1.1/24'
"""
# A Sunday.
SUNDAY = (2026, 11, 22, 3, 0, 0)


def at(*when: int) -> time.struct_time:
    return time.localtime(time.mktime((*when, 0, 0, -1)))


@pytest.mark.parametrize(
    ("schedule", "when", "due"),
    [
        ("0 3 * * 0", SUNDAY, True),
        ("0 3 * * 7", SUNDAY, True),
        ("0 3 * * sun", SUNDAY, True),
        ("0 3 * * 1-5", SUNDAY, False),
        ("0 3 * * 0", (2026, 11, 22, 3, 1, 0), False),
        ("*/15 1-5 * nov *", (2026, 11, 22, 3, 45, 0), True),
        ("*/15 1-5 * nov *", (2026, 12, 22, 3, 45, 0), False),
        # Of both days one is enough, as with cron.
        ("0 3 1 * 0", SUNDAY, True),
        ("0 3 22 * 3", SUNDAY, True),
        ("0 3 23 * 3", SUNDAY, False),
        ("5,10-12/2 3 * * *", (2026, 11, 22, 3, 12, 0), True),
    ],
)
def test_a_schedule_names_its_minutes(schedule: str, when: tuple[int, ...], due: bool):
    assert matches(schedule, at(*when)) is due


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sundays at three",
        "0 3 * *",
        "0 3 * * 0 root",
        "60 3 * * 0",
        "0 24 * * 0",
        "0 3 0 * 0",
        "0 3 * 13 *",
        "0 3 * * 8",
        "*/0 3 * * *",
        "5-3 3 * * *",
        "-1 3 * * *",
        "1,,2 3 * * *",
        "0 3 31 feb *",
        "0 3 30 2 *",
        "@weekly",
        "٣ 3 * * *",
        "9999999999 3 * * *",
        # More often than every two hours.
        "* * * * *",
        "*/5 3 * * 0",
        "0 3,4 * * 0",
        "30 23,0 * * *",
        "30 23,0 * * 5,6",
        "30 23,0 * * 6,0",
        "30 23,0 1,31 * *",
    ],
)
def test_a_schedule_that_is_none_is_named(text: str):
    with pytest.raises(ScheduleError):
        check_rest(text)
    if text:
        (wrong,) = load_text(CONFIG % text, "")[1]
        assert (wrong.code, wrong.option) == ("value-schedule", "drill")


@pytest.mark.parametrize("text", ["0 */2 * * *", "59 1,23 * * *", "30 23,0 * * 0", "30 23,0 1,3 * *"])
def test_two_hours_apart_is_far_enough(text: str):
    check_rest(text)
    assert load_text(CONFIG % text, "")[1] == []


def test_every_two_hours_comes_every_two_hours(monkeypatch: pytest.MonkeyPatch):
    now = [time.mktime((*SUNDAY, 0, 0, -1)) - 3601.0]
    monkeypatch.setattr(timetable.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(timetable.time, "time", lambda: now[0])
    found, begun = Timetable(), []
    # A look comes a little later each time, or with the agent's next start a little earlier.
    for number in range(24):
        now[0] += 3599.9 if number % 4 == 1 else 3600.1
        begun += [number] if found.is_due("0 */2 * * *", now[0] + 1) else []
    assert begun == list(range(1, 24, 2))


def test_the_plan_has_the_schedule_and_without_one_nothing():
    machine = Machine({"lan": DeviceFacts(2, "lan", bytes(6), 1500, True, 1)})
    model, _ = load_text(CONFIG % "0  3 * *  0", "")
    assert model is not None
    plan, _ = compile_plan(model, machine, "")
    assert plan is not None and plan["parts"]["drill"] == {"when": "0 3 * * 0", "kind": "switchover"}
    model, _ = load_text(CONFIG.replace("\toption drill '%s'\n", ""), "")
    assert model is not None
    plan, _ = compile_plan(model, machine, "")
    assert plan is not None and "drill" not in plan["parts"]


def test_it_is_due_once_whatever_the_clock_does(monkeypatch: pytest.MonkeyPatch):
    steady = [1000.0]
    monkeypatch.setattr(timetable.time, "monotonic", lambda: steady[0])
    monkeypatch.setattr(timetable.time, "time", lambda: 0.0)
    sunday = time.mktime((*SUNDAY, 0, 0, -1))
    found = Timetable()
    assert not found.is_due("0 3 * * 0", sunday - 60)
    assert found.is_due("0 3 * * 0", sunday + 1)
    assert not any(found.is_due("0 3 * * 0", sunday + second) for second in range(2, 60))
    # Set back by an hour, and by ten minutes.
    for back in (3600, 600):
        assert not any(found.is_due("0 3 * * 0", sunday - back + second) for second in range(0, 4000, 20))
    # What was missed while the clock leapt is not caught up.
    steady[0] += 2 * REST_S
    assert not found.is_due("0 3 * * 0", sunday + 7 * 86_400 + 120)
    assert found.is_due("0 3 * * 0", sunday + 14 * 86_400)
