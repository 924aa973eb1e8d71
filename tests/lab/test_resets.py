# SPDX-License-Identifier: GPL-2.0-or-later
"""The listener for refusals hears those of the routers and nobody else's."""

import contextlib
import socket

import pytest

from tests.lab.flows import connect, datagrams
from tests.lab.network import GATEWAY, SERVICE, UPLINK, Network
from tests.lab.resets import Resets
from tests.lab.wait import wait_until

CLOSED_PORT = 9


@pytest.mark.parametrize("address", [GATEWAY, "fd77::2"])
def test_a_reset_and_an_icmp_error_of_a_router_are_heard(network: Network, address: str) -> None:
    router = network["r1"].namespace
    router.ip(f"address add {GATEWAY}/24 dev lan")
    resets = Resets(network)
    with pytest.raises(ConnectionRefusedError):
        connect(network.client, address, CLOSED_PORT)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with contextlib.closing(datagrams(network.client, family)) as talk:
        talk.sendto(b"x", (address, CLOSED_PORT))
        wait_until(lambda: len(resets.heard()) == 2, 5, "both refusals are heard")
    assert resets.by_sender() == {"r1 reset": 1, "r1 ICMP error": 1}


def test_a_reset_that_a_router_forwards_is_not_its_own(network: Network) -> None:
    router = network["r1"].namespace
    router.ip(f"address add {GATEWAY}/24 dev lan", f"address add {UPLINK}/24 dev wan")
    resets = Resets(network)
    with pytest.raises(ConnectionRefusedError):
        connect(network.client, SERVICE, CLOSED_PORT)
    with pytest.raises(ConnectionRefusedError):
        connect(network.client, GATEWAY, CLOSED_PORT)
    wait_until(resets.heard, 5, "the router's own reset is heard")
    assert resets.by_sender() == {"r1 reset": 1}
