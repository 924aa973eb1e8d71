# SPDX-License-Identifier: GPL-2.0-or-later
"""OpenVPN's clients are back after a power cut, by UDP and TCP, and nobody asks for a password."""

import pytest

from tests.lab.network import Network
from tests.lab.openvpn_pair import PROTOCOLS, VpnClients, VpnNode, echoes, wait_known
from tests.lab.pair import pair
from tests.lab.test_pairing import join
from tests.lab.wait import wait_until

COUNT = 3
# A client that nobody calls waits for a minute; one that is busy and sees a reset, as long as a second.
SOON_S = 20


@pytest.fixture
def both(network: Network) -> tuple[VpnNode, VpnNode]:
    first, second = pair(VpnNode, network)
    join(first, second)
    echoes(network)
    wait_until(first.serves, 20, "r1's servers take clients")
    return first, second


def test_clients_are_called_back_after_a_power_cut(network: Network, both: tuple[VpnNode, VpnNode]) -> None:
    first, second = both
    clients = [VpnClients(network, protocol, COUNT) for protocol in PROTOCOLS]
    for each in clients:
        each.wait_back(0, 30)
    wait_known(second, dict.fromkeys(PROTOCOLS, COUNT))
    # What a client says would be answered with a reset: they are to hear of it although they are quiet.
    for each in clients:
        each.quiet = True
    cut = network.power_cut("r1")
    second.wait_state("active")
    for each in clients:
        each.wait_begun_anew(SOON_S)
    for each in clients:
        each.quiet = False
        each.wait_back(cut.ended, SOON_S)
    assert second.asked() == 0 and first.asked() == 2 * COUNT
    wait_until(lambda: second.servers()["udp"]["called"] == COUNT, 10, "r2 says that it has called them")
