# SPDX-License-Identifier: GPL-2.0-or-later
"""The gateway with the MAC that the RFC gives it: the client never has to learn another."""

from tests.lab import network as lab
from tests.lab.haven_node import HavenNode
from tests.lab.knock import knock
from tests.lab.network import Network
from tests.lab.outage import active_down_ms, check_outage
from tests.lab.pair import pair, wait_one_holder
from tests.lab.wait import wait_until

VIRTUAL = "00:00:5e:00:01:33"
VIRTUAL6 = "00:00:5e:00:02:33"


def test_client_sees_one_mac_before_and_after_the_power_cut(network: Network) -> None:
    _first, second = pair(HavenNode, network, virtual_mac=True)
    probe = network.probe()
    probe.wait_service()
    assert network.client_believes(lab.GATEWAY) == VIRTUAL
    network.power_cut("r1")
    second.wait_state("active")
    probe.wait_service()
    assert network.client_believes(lab.GATEWAY) == VIRTUAL
    result = probe.stop()
    check_outage(result, active_down_ms(100))


def test_every_word_about_the_address_names_the_virtual_mac(network: Network) -> None:
    capture = network.capture("lan")
    pair(HavenNode, network, virtual_mac=True, families=(4, 6))
    network.probe()
    network.probe(lab.SERVICE6)

    def asked_often() -> bool:
        network.client_forgets()
        return len(capture.arp_replies(lab.GATEWAY)) >= 10

    wait_until(asked_often, 10, "the client asks often", interval=0.02)
    assert {(arp.sender, arp.says_mac, arp.mac) for arp in capture.arps(lab.GATEWAY)} == {
        ("r1", VIRTUAL, VIRTUAL)
    }
    told = capture.neighbour_adverts(lab.GATEWAY6_LINK_LOCAL)
    assert {(na.sender, na.says_mac) for na in told} == {("r1", VIRTUAL6)}


def test_real_address_keeps_the_real_mac(network: Network) -> None:
    capture = network.capture("lan")
    pair(HavenNode, network, virtual_mac=True)
    own = network["r1"].address("lan")
    for _ in range(3):
        network.client_forgets()
        wait_until(lambda: knock(network, own) == "refused", 5, "its own address answers")
    # An answer for the real address from the virtual MAC would teach the client a wrong neighbour.
    assert {arp.says_mac for arp in capture.arps(own)} == {network["r1"].mac("lan")}


def test_adverts_come_from_the_virtual_mac(network: Network) -> None:
    capture = network.capture("lan")
    pair(HavenNode, network, virtual_mac=True)
    assert {advert.mac for advert in capture.adverts(sender="r1")} == {VIRTUAL}


def test_standby_never_speaks_as_the_virtual_mac(network: Network) -> None:
    capture = network.capture("lan")
    first, second = pair(HavenNode, network, virtual_mac=True, families=(4, 6))
    spoken = [frame for frame in capture.frames() if frame.sender == "r2"]
    assert not [frame for frame in spoken if frame.mac in (VIRTUAL, VIRTUAL6)]
    first.stop()
    second.wait_state("active")
    for address in second.gateway.bare_addresses:
        wait_one_holder(network, "r2", address)


def test_devices_of_the_virtual_mac_go_with_havend(network: Network) -> None:
    before = [link["ifname"] for link in network["r1"].namespace.ip_json("link")]
    node = HavenNode(network, "r1", virtual_mac=True).start()
    node.wait_state("active")
    node.stop()
    assert [link["ifname"] for link in network["r1"].namespace.ip_json("link")] == before
