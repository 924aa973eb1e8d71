# SPDX-License-Identifier: GPL-2.0-or-later
"""havend is told to end: it leaves nothing behind, and the client does not notice."""

import pytest

from tests.lab import network as lab
from tests.lab.haven_node import HavenNode
from tests.lab.network import Network
from tests.lab.outage import HANDOVER_INTERVAL_MS, check_outage
from tests.lab.pair import has_taken_what_was_given, pair, wait_one_holder
from tests.lab.wait import holds_for


def by_signal(node: HavenNode) -> int:
    return node.stop()


def by_socket(node: HavenNode) -> int:
    assert node.process is not None
    node.ask("stop")
    return node.process.wait(60)


@pytest.mark.parametrize("how", [by_signal, by_socket])
def test_stopped_active_hands_over_unnoticed(network: Network, how: object) -> None:
    first, second = pair(HavenNode, network, interval_ms=HANDOVER_INTERVAL_MS)
    capture = network.capture("lan")
    probe = network.probe()
    probe.wait_service()
    assert how(first) == 0
    assert first.holds_none()
    second.wait_state("active")
    probe.wait_service()
    result = probe.stop()
    check_outage(result)
    assert has_taken_what_was_given(second)
    assert [advert for advert in capture.adverts(sender="r1") if advert.priority == 0]
    wait_one_holder(network, "r2", lab.GATEWAY, lab.UPLINK)


def test_stopped_backup_is_missed_by_nobody(network: Network) -> None:
    first, second = pair(HavenNode, network)
    capture = network.capture("lan")
    probe = network.probe()
    probe.wait_service()
    assert second.stop() == 0
    result = probe.stop()
    assert not result.gaps_after(result.first)
    assert not capture.adverts(sender="r2")
    assert first.state() == "active"


def test_last_router_takes_its_addresses_along(network: Network) -> None:
    first, second = pair(HavenNode, network, families=(4, 6))
    second.stop()
    assert first.stop() == 0
    assert first.holds_none()
    assert network.holders(lab.GATEWAY6) == []


def test_stopped_router_starts_again_as_backup(network: Network) -> None:
    first, second = pair(HavenNode, network)
    first.restart().wait_state("backup")
    holds_for(lambda: second.state() == "active", 1, "r2 stays Active")


def test_nobody_answers_after_the_stop(network: Network) -> None:
    node = HavenNode(network, "r1").start()
    node.wait_state("active")
    node.stop()
    with pytest.raises(OSError):
        node.status()


def test_second_havend_on_one_run_directory_is_refused(network: Network) -> None:
    node = HavenNode(network, "r1").start().wait_state("active")
    again = HavenNode(network, "r1").start()
    assert again.process is not None
    assert again.process.wait(60) == 1
    assert "another havend" in again.log_text()
    assert node.state() == "active"
