# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers of a VPN that share one address, as VpnCloud's documentation has it: no Ethernet, no ARP."""

from collections.abc import Iterator

import pytest

from tests.lab.asking import Asking
from tests.lab.chaos import Chaos
from tests.lab.haven_node import HavenNode
from tests.lab.tun_network import SERVED, SIDE, TunNetwork

SERVERS = 3
# A server that does not serve is known after 3.6 of them, unless the machine is busy.
INTERVAL_MS = 50
# VpnCloud's own figure (--peer-timeout 5); a server that is dead is known long before, by the bench.
PEER_TIMEOUT_MS = 5000


@pytest.fixture
def vpn(lab: None) -> Iterator[TunNetwork]:
    made = TunNetwork(SERVERS)
    yield made
    print(made.story())
    made.delete()


def servers(network: TunNetwork) -> Chaos:
    """Start haven on all servers; the first is the best."""
    options = {"own_sides": (SIDE,), "interval_ms": INTERVAL_MS}
    nodes = [
        HavenNode(network, name, priority=200 - 60 * number, **options)
        for number, name in enumerate(network.routers)
    ]
    nodes[0].start().wait_state("active")
    for node in nodes[1:]:
        node.start()
    made = Chaos(network, nodes, seed=3)
    made.wait_settled("start", "of all")
    return made


def test_a_killed_server_is_replaced_and_the_client_served(vpn: TunNetwork) -> None:
    # By multicast; the bench (`python -m bench many-chaos`) has eight by unicast.
    chaos = servers(vpn)
    asking = Asking(vpn.client, SERVED, vpn.folder / "asking")
    asking.wait_answers()
    # kill -9 of everything on the server that serves, then of the program alone.
    cut = chaos.happen("cut", "r1")
    asking.wait_answers()
    killed = chaos.happen("kill", "r2")
    gap_ms = asking.longest_gap_ms()
    print(
        f"kill -9: replaced after {killed.settled_ms:.0f} and {cut.settled_ms:.0f} ms, no answer {gap_ms:.0f}"
    )
    assert max(killed.settled_ms, cut.settled_ms, gap_ms) < PEER_TIMEOUT_MS
    assert chaos.active is chaos.nodes["r3"]
    for what, name in (("return", "r1"), ("return", "r2"), ("part", ""), ("heal", ""), ("stop", "r3")):
        chaos.happen(what, name)
    asking.wait_answers()
