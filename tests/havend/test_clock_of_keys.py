# SPDX-License-Identifier: GPL-2.0-or-later
"""The machine's clock is looked at where there is a key, and the engine told when it was set."""

from pathlib import Path

from haven.core.clock import NEVER
from haven.core.engine import Engine
from haven.havend.host import system
from haven.havend.wall_clock import LOOK_EVERY, WallClockWatch
from tests.havend.plans import lan, plan_of

KEY = "k" * 32
NOW_US = 1_795_305_600_000_000


class Clock:
    """A clock that a test sets."""

    def __init__(self, ahead_us: int) -> None:
        self.ahead_us = ahead_us

    def read(self) -> int:
        return (system.now() + self.ahead_us) * 1000


def test_nobody_looks_at_the_clock_without_a_key(tmp_path: Path) -> None:
    watch = WallClockWatch(Engine())
    watch.set_plan(plan_of(tmp_path, lan()))
    assert watch.deadline == NEVER


def test_a_clock_that_was_set_reaches_who_signs(tmp_path: Path) -> None:
    engine, clock = Engine(), Clock(NOW_US)
    watch, plan = WallClockWatch(engine), plan_of(tmp_path, lan(auth_key=KEY))
    watch.set_plan(plan, clock.read)
    engine.load(plan.groups, system.now())
    auth = engine.routers["lan"].auth
    assert auth is not None and abs(auth.wall_us - NOW_US) < 20_000
    assert 0 < watch.deadline - system.now() <= LOOK_EVERY
    clock.ahead_us += 5_000
    before = auth.wall_us
    watch.look(clock.read)
    assert auth.wall_us == before, "a clock that is slewed is no news"
    clock.ahead_us -= 3_600_000_000
    watch.look(clock.read)
    assert abs(auth.wall_us - NOW_US + 3_600_000_000) < 20_000
