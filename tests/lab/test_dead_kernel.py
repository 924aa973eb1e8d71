# SPDX-License-Identifier: GPL-2.0-or-later
"""A Backup asks the Active's kernel: a cut of power is known at once, a hung process is no dead router."""

import pytest

from tests.lab.before_others import before_others
from tests.lab.haven_node import HavenNode
from tests.lab.network import Network
from tests.lab.outage import active_down_ms
from tests.lab.pair import gateway, pair, wait_settled
from tests.lab.wait import holds_for, wait_until

# The default, and one that takes less of a test's time.
INTERVAL_MS, SHORT_MS = 1000, 400
# RFC 9568 lets nobody take over sooner than after three intervals.
SOONEST_MS = 3 * SHORT_MS
DEAF = "table arp deaf { chain input { type filter hook input priority 0; drop; }; }"


def detection(node: HavenNode) -> dict:
    """Tell by what a Backup would know that its Active is dead."""
    return node.group()["detection"]


def watching(network: Network, interval_ms: int, **both: object) -> tuple[HavenNode, HavenNode]:
    """Start a pair whose Backup trusts in the answers of the Active's kernel."""
    first, second = pair(HavenNode, network, interval_ms=interval_ms, **both)
    wait_until(lambda: detection(second)["by"] == "heartbeat", 20, "the kernel's answers are trusted")
    wait_until(lambda: all(way["believed"] for way in detection(second)["ways"]), 20, "on every link")
    return first, second


@pytest.mark.parametrize("families, interval_ms", [((4,), INTERVAL_MS), ((6,), SHORT_MS)])
def test_power_cut_is_known_long_before_advertisements_are_missed(
    network: Network, families: tuple[int, ...], interval_ms: int
) -> None:
    _first, second = watching(network, interval_ms, families=families)
    assert "would take over" in second.cli("status")
    probe = network.probe()
    if 4 in families:
        probe.wait_service()
    network.power_cut("r1")
    second.wait_state("active")
    last = second.group()["last_transition"]
    assert last["reason"] == "unanswered" and last["facts"]["silence_us"] < 3 * interval_ms * 1000
    if 4 in families:
        probe.wait_service()
        result = probe.stop()
        print(result)
        assert result.longest_gap_ms < 3 * interval_ms


def test_one_silent_link_and_a_hung_process_are_no_dead_router_and_a_false_alarm_makes_patient(
    network: Network,
) -> None:
    first, second = watching(network, SHORT_MS)
    network.split("lan")
    wait_until(lambda: len(counting(second)) == 1, 10, "one link is silent")
    # A silence that is not given up yet, as havend counts on a busy machine, would make it patient.
    holds_for(lambda: len(counting(second)) == 1, 0.5, "it is given up")
    assert second.state() == "backup"
    network.heal()
    wait_until(lambda: len(counting(second)) == 2, 10, "both links answer")
    with before_others():
        first.freeze()
        silent_s = SOONEST_MS / 1000 / 2
        holds_for(lambda: second.state() == "backup", silent_s, "the kernel answers for the router")
        first.thaw()
    heard = received(second)
    # VRRP's own timer has been running since the last one.
    wait_until(lambda: received(second) > heard, 20, "the process is heard again")
    wait_until(lambda: detection(second)["by"] == "heartbeat", 20, "the kernel's answers are trusted still")
    print(detection(second))
    before = detection(second)["after_ms"]
    for segment in ("lan", "wan"):
        network.split(segment)
    second.wait_state("active")
    network.heal()
    wait_until(lambda: "heartbeat-false" in codes(second), 5, "the false alarm is told")
    assert wait_settled([first, second], budget=10) is first
    wait_until(lambda: detection(second)["by"] == "heartbeat", 20, "the kernel's answers are trusted again")
    assert before < detection(second)["after_ms"] < active_down_ms(SHORT_MS)


def received(node: HavenNode) -> int:
    """Tell how many ADVERTISEMENTs were heard on the LAN."""
    return int(node.virtual_router("lan")["counters"]["received"])


def counting(node: HavenNode) -> list[str]:
    """List the devices whose silence would mean something."""
    return [way["device"] for way in detection(node)["ways"] if way["believed"]]


def codes(node: HavenNode) -> set[str]:
    """Tell what kinds of events there were."""
    return {event["code"] for event in node.events()}


def test_where_arp_is_dropped_vrrp_decides_and_the_status_says_so(network: Network) -> None:
    network["r1"].namespace.nft(DEAF)
    _first, second = pair(HavenNode, network, interval_ms=SHORT_MS)
    wait_until(lambda: len(detection(second)["ways"]) == 2, 10, "the kernel is asked on both links")
    holds_for(lambda: detection(second)["by"] == "advertisements", 3, "nothing is trusted", interval=0.2)
    assert detection(second)["after_ms"] == pytest.approx(active_down_ms(SHORT_MS), abs=1)
    network.power_cut("r1")
    second.wait_state("active")
    last = second.group()["last_transition"]
    assert last["reason"] == "silence" and last["facts"]["silence_us"] > SOONEST_MS * 1000


def test_interval_that_is_as_fast_needs_no_questions(network: Network) -> None:
    _first, second = pair(HavenNode, network, interval_ms=10)
    assert detection(second)["ways"] == [] and detection(second)["by"] == "advertisements"


def test_of_two_backups_the_better_one_asks_quickly_and_takes_over(build: object) -> None:
    network = build(3)
    first, second, third = gateway(HavenNode, network, (250, 150, 100), interval_ms=INTERVAL_MS)
    for node in (second, third):
        wait_until(lambda node=node: detection(node)["by"] == "heartbeat", 20, "the answers are trusted")
    wait_until(lambda: detection(third)["after_ms"] > 100, 20, "r3 has heard of r2, and asks seldom")
    wait_until(lambda: detection(second)["after_ms"] < 100, 20, "r2 asks quickly")
    network.power_cut(first.name)
    second.wait_state("active")
    assert third.state() == "backup"
    # r2 is no Backup any more.
    wait_until(lambda: detection(third)["after_ms"] < 100, 20, "r3 is the next")


def test_carrier_of_a_cable_to_the_other_router_falls_with_its_power(network: Network) -> None:
    _first, second = watching(network, SHORT_MS)
    network.power_cut("r1", direct=("r2", "sync"))
    second.wait_state("active")
    assert second.group()["last_transition"]["reason"] == "unanswered"


def test_router_whose_answers_come_late_lives(network: Network) -> None:
    _first, second = watching(network, INTERVAL_MS)
    for segment in ("lan", "wan"):
        network.relay("r1", segment, longest_us=10_000, hold_us=5_000, every_us=100_000)
    holds_for(lambda: second.state() == "backup", 3, "nobody takes over", interval=0.2)
    assert "heartbeat-false" not in codes(second)
