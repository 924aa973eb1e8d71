# SPDX-License-Identifier: GPL-2.0-or-later
"""DHCP leases are at the other router before the client has them, and outlive every death."""

from statistics import median

import pytest

from tests.lab.dhcp import Clients, DhcpNode
from tests.lab.network import Network
from tests.lab.pair import pair
from tests.lab.test_pairing import join
from tests.lab.wait import now_ns, wait_until

Both = tuple[DhcpNode, DhcpNode]


@pytest.fixture
def both(network: Network) -> Both:
    first, second = pair(DhcpNode, network)
    join(first, second)
    wait_until(lambda: first.serves() and first.leases()["holds"], 30, "r1 serves and holds")
    return first, second


def test_a_power_cut_amid_two_hundred_clients(network: Network, both: Both) -> None:
    first, second = both
    clients = Clients(network, 200, rate=100)
    clients.wait_bound(100)
    cut = network.power_cut("r1")
    second.wait_state("active")
    bound = clients.wait_bound(200)
    assert clients.doubles() == {} and clients.moved() == {}
    before = [each for each in clients.acks() if each["at"] < cut.began]
    print(f"ACKs held {median(each['waited_ms'] for each in before):.1f} ms in all")
    clients.tell("renew")
    again = clients.wait_bound(200, since=now_ns())
    assert {mac: each["ack"] for mac, each in again.items()} == {
        mac: each["ack"] for mac, each in bound.items()
    }
    lines = second.lease_file()
    assert {mac: lines[each["ack"]][1::2] for mac, each in bound.items()} == {
        mac: [mac, each["name"]] for mac, each in bound.items()
    }
