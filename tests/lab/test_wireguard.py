# SPDX-License-Identifier: GPL-2.0-or-later
"""WireGuard on a pair: one key, up on the Active alone, which calls the peers where they were last."""

from tests.lab.network import Network
from tests.lab.tunnelled import both_ways, kernel_has_wireguard, tunnelled_pair
from tests.lab.wait import wait_until


def test_a_takeover_is_followed_by_the_tunnel_and_the_site_does_nothing_for_it(network: Network) -> None:
    """A switchover, and a power cut of the router that has the tunnel then.

    The site keeps no session alive by itself and takes words from the virtual address alone, so that nothing
    comes through before WireGuard gives a silent peer up, after fifteen seconds, unless the new Active calls.
    """
    site, first, second = tunnelled_pair(network, kernel_has_wireguard())
    assert first.told()["state"] == "up" and second.told()["state"] == "down"
    wait_until(lambda: second.told()["known"] == 1, 10, "r2 knows where the site is")
    assert not second.is_up()
    with both_ways(network) as (to_site, to_client):
        first.ask("switchover", group=None)
        for probe in (to_site, to_client):
            probe.wait_service(10)
        wait_until(lambda: second.is_up() and not first.is_up(), 5, "the tunnel is up on r2 alone")
        wait_until(lambda: first.told()["known"] == 1, 10, "r1 knows where the site is")
        network.power_cut("r2")
        first.wait_state("active")
        for probe in (to_site, to_client):
            probe.wait_service(10)
        assert site.drops() == 0
        codes = [each["code"] for each in first.events() if each["kind"] == "wireguard"]
        assert codes[:2] == ["wireguard-up", "wireguard-down"]
        assert sorted(codes[2:]) == ["wireguard-called", "wireguard-up"]
