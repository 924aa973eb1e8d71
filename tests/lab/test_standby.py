# SPDX-License-Identifier: GPL-2.0-or-later
"""The standby is silent about the virtual address, whoever asks."""

import pytest

from tests.lab import network as lab
from tests.lab.haven_node import HavenNode
from tests.lab.network import Network
from tests.lab.pair import pair
from tests.lab.wait import now_ns, wait_until

ASKED = 20


@pytest.mark.parametrize("virtual_mac", [False, True])
def test_standby_never_answers_arp(network: Network, virtual_mac: bool) -> None:
    pair(HavenNode, network, virtual_mac=virtual_mac)
    capture = network.capture("lan")
    network.probe()

    def asked_often() -> bool:
        network.client_forgets()
        return len(capture.arp_replies(lab.GATEWAY)) >= ASKED

    wait_until(asked_often, 10, "the client asks often", interval=0.02)
    assert {arp.sender for arp in capture.arps(lab.GATEWAY)} == {"r1"}


@pytest.mark.parametrize("virtual_mac", [False, True])
def test_standby_never_answers_neighbour_solicitations(network: Network, virtual_mac: bool) -> None:
    pair(HavenNode, network, families=(6,), virtual_mac=virtual_mac)
    capture = network.capture("lan")
    network.probe(lab.SERVICE6)

    def asked_often() -> bool:
        network.client_forgets()
        return len(capture.neighbour_adverts(lab.GATEWAY6_LINK_LOCAL)) >= ASKED

    wait_until(asked_often, 10, "the client asks often", interval=0.02)
    told = capture.neighbour_adverts(lab.GATEWAY6_LINK_LOCAL)
    assert {advert.sender for advert in told} == {"r1"}
    assert all(advert.router for advert in told)


def test_standby_sends_no_adverts(network: Network) -> None:
    pair(HavenNode, network)
    capture = network.capture("lan")
    wait_until(lambda: len(capture.adverts(sender="r1")) >= 10, 5, "the Active advertises")
    assert not capture.adverts(sender="r2")


def test_former_active_is_silent_as_well(network: Network) -> None:
    first, second = pair(HavenNode, network)
    capture = network.capture("lan")
    network.probe()
    first.ask("switchover", group=None)
    first.wait_state("backup")
    second.wait_state("active")
    since = now_ns()

    def asked_often() -> bool:
        network.client_forgets()
        return len(capture.arp_replies(lab.GATEWAY, since)) >= ASKED

    wait_until(asked_often, 10, "the client asks often", interval=0.02)
    assert {arp.sender for arp in capture.arps(lab.GATEWAY, since)} == {"r2"}
