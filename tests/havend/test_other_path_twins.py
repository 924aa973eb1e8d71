# SPDX-License-Identifier: GPL-2.0-or-later
"""Two virtual routers that look alike by the other path: one VRID and fe80::1 on two links."""

import pytest

from haven.core.clock import SECOND
from haven.core.effects import Doubted
from haven.core.events import CheckChanged
from haven.core.vrrp.states import ACTIVE, BACKUP
from haven.havend import other_path
from tests.core.wire import Wire, group, link_local, open_other_path, router

LINKS = ("lan", "guest")


def twins(priority, other_vrid):
    """Return a group of two links with the same address, and a check that leaves it priority 1."""
    members = [
        router(name, family=6, vrid=vrid, priority=priority)
        for name, vrid in zip(LINKS, (51, other_vrid), strict=True)
    ]
    return group(*members, checks=(("provider", 254),))


def give_addresses(node, number):
    """Give a node another address on each link, as each device has its own MAC address."""
    for at, name in enumerate(LINKS):
        node.addresses[(name, 6)] = (link_local(16 * (at + 1) + number),)


def ask(asker, asked):
    """Bring what the other says of itself to whoever doubts, as their agents do."""
    for _at, effect in asker.said(Doubted):
        members = other_path.members(asker.engine.groups[effect.group])
        said = other_path.adverts(asked.engine, members, asked.wire.now)
        for event in other_path.events(asker.engine, said):
            asker.handle(event)
    asker.forget()


@pytest.mark.parametrize("other_vrid", [51, 52])
def test_active_that_asks_for_relief_is_relieved_although_its_twins_are_vouched_for(other_vrid):
    wire = Wire()
    a, b = wire.node("a", twins(200, other_vrid)), wire.node("b", twins(100, other_vrid))
    give_addresses(a, 1)
    give_addresses(b, 2)
    wire.start()
    for node in (a, b):
        node.handle(CheckChanged("provider", True))
    wire.run(10 * SECOND)
    open_other_path((a, b))
    assert (a.state(), b.state()) == (ACTIVE, BACKUP)
    a.handle(CheckChanged("provider", False))
    for _ in range(100):
        wire.run(SECOND // 10)
        ask(b, a)
    assert (a.state(), b.state()) == (BACKUP, ACTIVE)
