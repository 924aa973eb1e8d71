# SPDX-License-Identifier: GPL-2.0-or-later
"""A router's clock begins in 1970, is set right later, and goes past 2038: nothing moves by it."""

import json
import sys
from pathlib import Path

from haven.contract.event_log import check_event
from haven.contract.status import check_status
from tests.havend.machines import wait_until
from tests.havend.test_havend_start import SOON, Make, Pair

# Tells the time that stands in a file, and as much more as has passed since the start.
CLOCK = """
import sys, time
began = time.monotonic()
time.time = lambda: float(open(%r).read()) + time.monotonic() - began
from haven.havend import main
raise SystemExit(main.main())
"""
YEAR = 365 * 86400


def test_a_clock_that_jumps_moves_nothing_and_is_told_right(pair: Pair, havend: Make, tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    clock.write_text("0.5")
    node = havend(pair[0], SOON).prepare()
    node.program = [sys.executable, "-c", CLOCK % str(clock)]
    node.start().until("active")
    sent = node.router()["counters"]["sent"]
    for seconds in (1.8e9, float((1 << 31) - 1), float(1 << 32), 1.0):
        # Whole, whenever it is read.
        (tmp_path / "next").write_text(repr(seconds))
        (tmp_path / "next").rename(clock)
        wait_until(lambda before=sent: node.router()["counters"]["sent"] > before + 10, "it advertises")
        status, sent = check_status(node.status()), node.router()["counters"]["sent"]
        assert status["state"] == "active" and status["virtual_routers"][0]["state"] == "active"
        # The time of what has happened follows the clock that is right now.
        assert -YEAR < status["since"] - seconds < YEAR
        events = [check_event(each) for each in node.ask("events")["result"]]
        assert sum(each["kind"] == "transition" for each in events) == 2, json.dumps(events)
    assert node.stop() == 0
