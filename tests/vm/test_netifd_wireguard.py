# SPDX-License-Identifier: GPL-2.0-or-later
"""A WireGuard interface of netifd's, whose device is there on the Active alone."""

from collections.abc import Callable

import pytest

from tests.lab.netifd_tunnel import NetifdTunnelNode
from tests.lab.network import Network
from tests.lab.tunnelled import both_ways, tunnelled_pair
from tests.lab.wait import wait_until


@pytest.mark.usefixtures("kernel")
def test_the_tunnel_is_on_the_active_and_calls_from_the_virtual_address(
    build: Callable[..., Network],
) -> None:
    """The site keeps no session alive by itself and takes words from the virtual address alone."""
    network = build()
    site, first, second = tunnelled_pair(network, True, NetifdTunnelNode)
    with both_ways(network) as probes:
        first.ask("switchover", budget=20, group=None)
        for probe in probes:
            probe.wait_service(10)
        wait_until(lambda: second.is_up() and not first.is_up(), 10, "the tunnel is on r2 alone")
        wait_until(lambda: first.knows_site(second), 10, "r1 knows where the site is")
        network.power_cut("r2")
        first.wait_state("active")
        for probe in probes:
            probe.wait_service(10)
        assert first.is_up() and site.drops() == 0
