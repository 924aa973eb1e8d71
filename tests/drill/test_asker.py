# SPDX-License-Identifier: GPL-2.0-or-later
"""The probe of a drill: it asks in time however busy the machine is."""

import os

from haven.drill.asker import Asker
from tests.lab.wait import wait_until
from tests.root import need_root


def test_it_goes_before_what_else_runs() -> None:
    need_root()
    asker = Asker([])
    try:
        wait_until(lambda: os.sched_getscheduler(asker._pid) == os.SCHED_RR, 10, "it has real time")
    finally:
        assert asker.answers() == {}
