# SPDX-License-Identifier: GPL-2.0-or-later
"""What CARP's page says is as with VRRP: relief by a check, and hosts that hear who has stayed."""

from haven.core.clock import SECOND
from haven.core.effects import Announce
from haven.core.events import CheckChanged
from haven.core.vrrp.states import ACTIVE, BACKUP
from tests.core.carp_line import carp, two
from tests.core.wire import Wire, group


def test_active_whose_check_fails_is_relieved_whatever_preempt_says():
    wire = Wire()
    checks = (("provider", 254),)
    a = wire.node("a", group(carp(54), checks=checks))
    b = wire.node("b", group(carp(154), checks=checks))
    wire.start()
    for node in (a, b):
        node.handle(CheckChanged("provider", True))
    wire.run(10 * SECOND)
    assert (a.state(), b.state()) == (ACTIVE, BACKUP)
    a.handle(CheckChanged("provider", False))
    wire.run(10 * SECOND)
    assert (a.state(), b.state()) == (BACKUP, ACTIVE)


def test_after_a_cut_the_equal_that_stays_tells_the_hosts_in_every_phase():
    silent = []
    for phase in range(20):
        wire, a, b = two(100, 100)
        wire.start()
        wire.run(10 * SECOND)
        wire.cut("lan", a, b)
        wire.cut("lan", b, a)
        wire.run(20 * SECOND + phase * SECOND // 20)
        assert (a.state(), b.state()) == (ACTIVE, ACTIVE)
        wire.heal()
        a.forget(), b.forget()
        wire.run(5 * SECOND)
        stayed = a if a.state() == ACTIVE else b
        if not stayed.said(Announce):
            silent.append(phase)
    assert silent == []
