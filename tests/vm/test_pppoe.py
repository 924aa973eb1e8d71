# SPDX-License-Identifier: GPL-2.0-or-later
"""A WAN that is dialled by PPPoE, through a power cut and a switchover."""

import shutil

import pytest

from bench.wan_pppoe import dialled
from tests.lab.pppoe_provider import kernel_has_ppp
from tests.machines.page import note


def test_the_other_router_dials_and_one_session_stands_at_a_time(lab: None) -> None:
    if not kernel_has_ppp() or not all(map(shutil.which, ("pppd", "pppoe-server"))):
        pytest.fail("this needs a kernel with PPP (HAVEN_VM), and the packages ppp and pppoe", pytrace=False)
    for row in dialled(1):
        note("wan", [row.what, f"{row.values['seconds'][0]:.1f} s", f"{row.values['most sessions'][0]:.0f}"])
        assert max(row.values["most sessions"]) <= 1
