# SPDX-License-Identifier: GPL-2.0-or-later
"""What the change of one link costs beside thousands of others: ports of its bridge, and other bridges."""

import struct
from collections.abc import Iterator

import pytest

from haven.core.events import LinkChanged
from haven.havend.kernel_tables import KernelTables
from haven.havend.netlink_messages import CARRIES, RTM_NEWLINK
from tests.havend.machines import Machine
from tests.havend.processor_time import least_time
from tests.havend.test_havend_netlink import attribute

FEW, MANY = 10, 2000
# Many are two hundred times as many: what grew with them would grow by far more than this.
AT_MOST = 8
FIRST = 1000


def _link(index: int, up: bool, bridge: int = 0, lower: int = 0) -> bytes:
    body = struct.pack("@BxHiII", 0, 1, index, CARRIES if up else 1, 0)
    body += attribute(3, b"d%d\0" % index) + attribute(1, bytes(6))
    if bridge:
        body += attribute(10, struct.pack("@I", bridge)) + attribute(18, attribute(4, b"bridge\0"))
    if lower:
        body += attribute(5, struct.pack("@I", lower))
    return body


@pytest.fixture
def kernel(machine: Machine) -> Iterator[KernelTables]:
    """A copy that hears what it is told by the test."""
    copy = machine.inside(KernelTables)
    assert isinstance(copy, KernelTables)
    copy.follow_addresses(set())
    yield copy
    copy.close()


def _tell(kernel: KernelTables, *bodies: bytes) -> list[object]:
    return [event for body in bodies for event in kernel._apply(RTM_NEWLINK, body)]


def _fill(kernel: KernelTables, count: int) -> None:
    """Make bridges of one port and a VLAN, and one bridge of as many ports."""
    _tell(kernel, _link(FIRST, True))
    for index in range(FIRST + 10, FIRST + 10 + 4 * count, 4):
        _tell(kernel, _link(index, True), _link(index + 1, True, bridge=index))
        _tell(kernel, _link(index + 2, True, lower=index), _link(index + 3, True, bridge=FIRST))


def _cost_of_a_change(kernel: KernelTables) -> int:
    """Return the least time of the processor for a cut and its end, of one link alone and one of many."""
    bridge = FIRST + 10
    turns = [
        _link(index, up, bridge=of)
        for index, of in ((bridge + 1, bridge), (bridge + 3, FIRST))
        for up in (False, True)
    ]

    def change() -> None:
        told = _tell(kernel, *turns * 16)
        assert told.count(LinkChanged("d%d" % (bridge + 2), False)) == 16
        assert LinkChanged("d%d" % FIRST, False) not in told

    return least_time(change)


def test_a_cable_that_is_pulled_costs_the_same_beside_thousands_of_links(kernel: KernelTables) -> None:
    _fill(kernel, FEW)
    few = _cost_of_a_change(kernel)
    _fill(kernel, MANY)
    assert _cost_of_a_change(kernel) < AT_MOST * few
