# SPDX-License-Identifier: GPL-2.0-or-later
"""The gateway in IPv6, alone and beside IPv4."""

import pytest

from tests.lab import network as lab
from tests.lab.carp_node import CarpHaven
from tests.lab.gateway import Side
from tests.lab.haven_node import HavenNode
from tests.lab.network import Network
from tests.lab.outage import HANDOVER_INTERVAL_MS, active_down_ms, check_outage
from tests.lab.pair import has_taken_what_was_given, pair, wait_one_holder
from tests.lab.wait import wait_until


@pytest.mark.parametrize("virtual_mac", [False, True])
def test_power_cut_moves_the_ipv6_gateway(network: Network, virtual_mac: bool) -> None:
    _first, second = pair(HavenNode, network, families=(6,), virtual_mac=virtual_mac)
    capture = network.capture("lan")
    probe = network.probe(lab.SERVICE6)
    probe.wait_service()
    fault = network.power_cut("r1")
    second.wait_state("active")
    probe.wait_service()
    result = probe.stop()
    check_outage(result, active_down_ms(100))
    told = [na for na in capture.neighbour_adverts(lab.GATEWAY6, since=fault.ended) if not na.solicited]
    assert told
    assert {(na.sender, na.router, na.override) for na in told} == {("r2", True, True)}


def test_both_families_move_together(network: Network) -> None:
    _first, second = pair(HavenNode, network, families=(4, 6))
    probes = [network.probe(lab.SERVICE), network.probe(lab.SERVICE6)]
    for probe in probes:
        probe.wait_service()
    network.power_cut("r1")
    second.wait_state("active")
    for probe in probes:
        probe.wait_service()
    for result in [probe.stop() for probe in probes]:
        check_outage(result, active_down_ms(100))
    assert second.holds()


def test_by_carp_both_families_and_several_addresses_of_one_vhid_move_together(network: Network) -> None:
    sides = (
        Side("lan", "lan", 4, 42, (f"{lab.GATEWAY}/24", "10.77.0.31/32", "10.77.0.32/32")),
        Side("lan6", "lan", 6, 42, (f"{lab.GATEWAY6_LINK_LOCAL}/64", f"{lab.GATEWAY6}/64", "fd77::31/128")),
    )
    first, second = pair(CarpHaven, network, own_sides=sides, interval_ms=1000)
    addresses = second.gateway.bare_addresses
    network.power_cut("r1")
    second.wait_state("active")
    network.power_on("r1")
    first.start().wait_state("backup")
    wait_until(first.hears_active, 5, "r1 hears r2 in both families")
    wait_one_holder(network, "r2", *addresses)
    second.stop()
    first.wait_state("active")
    wait_one_holder(network, "r1", *addresses)
    assert first.dropped() == {}
    assert [each for each in first.problems() if each["about"] != "haven-agent"] == []


def test_adverts_come_from_link_local_and_name_one_first(network: Network) -> None:
    pair(HavenNode, network, families=(6,))
    capture = network.capture("lan")
    wait_until(lambda: len(capture.adverts()) >= 3, 5, "adverts are heard")
    for advert in capture.adverts():
        assert advert.source == network["r1"].link_local("lan")
        assert advert.destination == "ff02::12"
        assert advert.hops == 255
        assert advert.addresses[0] == lab.GATEWAY6_LINK_LOCAL


def test_stop_hands_the_ipv6_gateway_over_unnoticed(network: Network) -> None:
    first, second = pair(HavenNode, network, families=(6,), interval_ms=HANDOVER_INTERVAL_MS)
    probe = network.probe(lab.SERVICE6)
    probe.wait_service()
    first.stop()
    second.wait_state("active")
    probe.wait_service()
    result = probe.stop()
    check_outage(result)
    assert has_taken_what_was_given(second)
    for address in second.gateway.bare_addresses:
        wait_one_holder(network, "r2", address)


def test_virtual_address_is_never_chosen_as_source(network: Network) -> None:
    first, _second = pair(HavenNode, network, families=(6,))
    [route] = first.router.namespace.ip_json("-6", "route", "get", lab.CLIENT6)
    assert route["prefsrc"] == f"fd77::{first.router.host}"
