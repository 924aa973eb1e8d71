# SPDX-License-Identifier: GPL-2.0-or-later
"""Three routers: the next best takes over, and the one after that."""

from tests.lab import network as lab
from tests.lab.haven_node import HavenNode
from tests.lab.outage import active_down_ms, check_outage
from tests.lab.pair import gateway, wait_one_holder
from tests.lab.wait import holds_for

# With such priorities the better of two Backups takes over that much sooner than the other one.
APART_MS = 400


def test_next_best_takes_over_and_then_the_last(build: object) -> None:
    network = build(3)
    first, second, third = gateway(HavenNode, network, (250, 249, 1), interval_ms=APART_MS)
    probe = network.probe()
    probe.wait_service()
    network.power_cut(first.name)
    second.wait_state("active")
    holds_for(lambda: third.state() == "backup", 0.5, "r3 stays Backup")
    probe.wait_service()
    network.power_cut(second.name)
    third.wait_state("active")
    probe.wait_service()
    result = probe.stop()
    check_outage(result, active_down_ms(APART_MS, 1))
    assert third.holds()


def test_stop_hands_over_to_the_better_of_two(build: object) -> None:
    network = build(3)
    first, second, third = gateway(HavenNode, network, (250, 1, 249), interval_ms=APART_MS)
    first.stop()
    third.wait_state("active")
    holds_for(lambda: second.state() == "backup", 0.5, "r2 stays Backup")
    wait_one_holder(network, "r3", lab.GATEWAY, lab.UPLINK)


def test_three_equals_settle_on_one_after_a_split(build: object) -> None:
    network = build(3)
    nodes = gateway(HavenNode, network, (100, 100, 100))
    network.split("lan")
    network.split("wan")
    for node in nodes:
        node.wait_state("active")
    network.heal()
    # RFC 9568 6.4.3: equal priority is settled by the higher primary address.
    for node in nodes[:2]:
        node.wait_state("backup")
    assert nodes[2].state() == "active"
    wait_one_holder(network, "r3", lab.GATEWAY, lab.UPLINK)
