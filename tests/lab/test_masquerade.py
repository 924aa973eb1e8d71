# SPDX-License-Identifier: GPL-2.0-or-later
"""One public address, which is the virtual one, and masquerading instead of a fixed translation.

The kernel ends what it has masqueraded when the address leaves the device, and conntrackd would tell the
new Active of those ends.
"""

import pytest

from tests.lab.agent_pair import Pair, Through, agent_gateway
from tests.lab.network import SERVER, Network, Router

MASQUERADE = """
flush chain ip nat postrouting
table ip nat {
 chain postrouting {
  oifname "wan" ip saddr 10.77.0.0/24 masquerade
 }
}
"""


@pytest.fixture
def pair(network: Network) -> Pair:
    for router in network.routers.values():
        masquerade(router)
    first, second = agent_gateway(network)
    return first, second


def masquerade(router: Router) -> None:
    """Leave a router no public address of its own, and let it masquerade."""
    router.namespace.nft(MASQUERADE)
    router.namespace.ip(
        f"address del {router.address('wan')}/24 dev wan",
        f"address add 10.88.0.{router.host}/24 dev wan scope link",
        f"route add 203.0.113.0/24 via {SERVER} dev wan onlink",
    )


def test_a_switchover_costs_no_masqueraded_connection(network: Network, pair: Pair) -> None:
    first, second = pair
    through = Through(network, second)
    first.ask("switchover", group=None)
    second.wait_state("active")
    through.assert_all_live_on()


def test_a_router_that_preempts_costs_no_masqueraded_connection(network: Network, pair: Pair) -> None:
    first, second = pair
    through = Through(network, second)
    network.cable_pull("r1", "lan")
    second.wait_state("active")
    through.assert_all_live_on()
