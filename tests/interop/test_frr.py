# SPDX-License-Identifier: GPL-2.0-or-later
"""haven beside FRR's vrrpd, where that is installed: a second opinion on version 3."""

import pytest

from tests.interop.frr import PROGRAMS, FrrNode
from tests.interop.mixed import check_content
from tests.lab.haven_node import HavenNode
from tests.lab.network import Network
from tests.lab.wait import wait_until

pytestmark = pytest.mark.skipif(not (PROGRAMS / "vrrpd").exists(), reason="FRR is not installed")

virtual_macs = pytest.mark.parametrize("virtual_mac", [False, True])


@virtual_macs
def test_haven_hears_frr_and_takes_over_from_it(network: Network, virtual_mac: bool) -> None:
    frr = FrrNode(network, "r1", priority=200)
    haven = HavenNode(network, "r2", segments=("lan",), virtual_mac=virtual_mac)
    frr.start().wait_state("active")
    haven.start()
    wait_until(lambda: haven.state() == "backup" and haven.hears_active(), 5, "haven hears FRR")
    check_content(haven)
    frr.kill9()
    haven.wait_state("active")


@virtual_macs
def test_frr_hears_haven_and_takes_over_from_it(network: Network, virtual_mac: bool) -> None:
    haven = HavenNode(network, "r1", priority=200, segments=("lan",), virtual_mac=virtual_mac)
    frr = FrrNode(network, "r2")
    haven.start().wait_state("active")
    frr.start().wait_state("backup")
    wait_until(lambda: frr.adverts_heard() >= 5, 5, "FRR hears haven")
    check_content(haven)
    haven.stop()
    frr.wait_state("active")
