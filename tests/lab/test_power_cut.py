# SPDX-License-Identifier: GPL-2.0-or-later
"""The Active's power goes: the Backup takes over in the time that the RFC gives it."""

import pytest

from tests.lab import network as lab
from tests.lab.haven_node import HavenNode
from tests.lab.network import Network
from tests.lab.outage import STALL_MS, active_down_ms, check_outage
from tests.lab.pair import pair, wait_one_holder
from tests.lab.wait import holds_for

# The switch's clock and the router's are read at different places of a packet's way.
EARLY_MS = 5
# Where VRRP's own timer is looked at, it must not be forestalled.
VRRP_ALONE = {"heartbeat": 0}
DELAY_S = 2


@pytest.mark.parametrize("interval_ms", [100, 20])
def test_backup_takes_over_within_its_active_down_interval(network: Network, interval_ms: int) -> None:
    _first, second = pair(HavenNode, network, interval_ms=interval_ms, group_more=VRRP_ALONE)
    captures = [network.capture(segment) for segment in ("lan", "wan")]
    probe = network.probe()
    probe.wait_service()
    network.power_cut("r1")
    second.wait_state("active")
    probe.wait_service()
    result = probe.stop()
    check_outage(result, active_down_ms(interval_ms))
    takeover = min(capture.adverts(sender="r2")[0].at for capture in captures)
    heard = [advert.at for capture in captures for advert in capture.adverts(sender="r1")]
    silence_ms = (takeover - max(at for at in heard if at < takeover)) / 1e6
    # Less, and a Backup would take over from a living Active.
    assert silence_ms > active_down_ms(interval_ms) - EARLY_MS
    assert len(result.gaps_after(result.longest_gap.ended)) == 0
    assert second.holds()


@pytest.mark.parametrize("segment, address", [("lan", lab.GATEWAY), ("wan", lab.UPLINK)])
def test_takeover_is_announced_on_both_sides(network: Network, segment: str, address: str) -> None:
    _first, second = pair(HavenNode, network)
    capture = network.capture(segment)
    fault = network.power_cut("r1")
    second.wait_state("active")
    probe = network.probe()
    probe.wait_service()
    probe.stop()
    announced = capture.gratuitous_arps(address, since=fault.ended)
    assert {(arp.sender, arp.says_mac) for arp in announced} == {("r2", network["r2"].mac(segment))}
    first_advert = capture.adverts(since=fault.ended, sender="r2")[0]
    # Rivals have to stand down before the addresses move.
    assert first_advert.at <= announced[0].at
    assert announced[0].at - first_advert.at < STALL_MS * 1_000_000


def test_transition_tells_who_was_silent_and_for_how_long(network: Network) -> None:
    _first, second = pair(HavenNode, network, group_more=VRRP_ALONE)
    network.power_cut("r1")
    second.wait_state("active")
    last = second.group()["last_transition"]
    assert (last["from"], last["to"], last["reason"]) == ("backup", "active", "silence")
    told = [event for event in second.events() if event["kind"] == "transition"][-1]
    assert told["to"] == "active"
    assert network["r1"].address("lan") in told["text"] or network["r1"].address("wan") in told["text"]
    assert told["text"] in second.log_text()
    assert second.virtual_router("lan")["active"]["self"] is True


def test_returning_router_stays_backup_without_preempt(network: Network) -> None:
    first, second = pair(HavenNode, network)
    network.power_cut("r1")
    second.wait_state("active")
    network.power_on("r1")
    probe = network.probe()
    probe.wait_service()
    first.start().wait_state("backup")
    holds_for(lambda: second.state() == "active", 1.5, "r2 stays Active")
    result = probe.stop()
    assert not result.gaps_after(result.first)
    wait_one_holder(network, "r2", lab.GATEWAY, lab.UPLINK)


def test_returning_router_takes_back_with_preempt_and_nobody_notices(network: Network) -> None:
    first, second = pair(HavenNode, network, preempt=True)
    network.power_cut("r1")
    second.wait_state("active")
    network.power_on("r1")
    probe = network.probe()
    probe.wait_service()
    first.start().wait_state("active")
    second.wait_state("backup")
    wait_one_holder(network, "r1", lab.GATEWAY, lab.UPLINK)
    probe.wait_service()
    result = probe.stop()
    print(result)
    assert max((gap.ms for gap in result.gaps_after(result.first)), default=0) < STALL_MS


def test_preempt_waits_for_its_delay(network: Network) -> None:
    first, second = pair(HavenNode, network, preempt=True, preempt_delay=DELAY_S)
    network.power_cut("r1")
    second.wait_state("active")
    network.power_on("r1")
    first.start().wait_state("active")
    second.wait_state("backup")
    *_before, waits, takes = [each for each in first.events() if each["kind"] == "transition"]
    assert (waits["to"], takes["to"]) == ("backup", "active")
    assert takes["at"] - waits["at"] >= DELAY_S


def test_version_2_takes_over_as_well(network: Network) -> None:
    _first, second = pair(HavenNode, network, version=2, interval_ms=1000, auth_pass="s3cret")
    capture = network.capture("lan")
    network.power_cut("r1")
    second.wait_state("active", budget=6)
    wait_one_holder(network, "r2", lab.GATEWAY, lab.UPLINK)
    assert {advert.version for advert in capture.adverts()} == {2}
