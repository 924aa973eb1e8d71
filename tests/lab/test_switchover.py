# SPDX-License-Identifier: GPL-2.0-or-later
"""The Active hands over because it was asked to."""

import pytest

from tests.lab import network as lab
from tests.lab.haven_node import HavenNode, Refused
from tests.lab.network import Network
from tests.lab.outage import HANDOVER_INTERVAL_MS, check_outage
from tests.lab.pair import has_taken_what_was_given, pair, wait_one_holder
from tests.lab.wait import holds_for


@pytest.mark.parametrize("preempt", [False, True])
def test_switchover_is_not_noticed_and_lasts(network: Network, preempt: bool) -> None:
    first, second = pair(HavenNode, network, preempt=preempt, interval_ms=HANDOVER_INTERVAL_MS)
    probe = network.probe()
    probe.wait_service()
    first.ask("switchover", group=None)
    assert second.state() == "active"
    holds_for(lambda: (first.state(), second.state()) == ("backup", "active"), 1.5, "the roles stay")
    result = probe.stop()
    check_outage(result)
    assert has_taken_what_was_given(second)
    wait_one_holder(network, "r2", lab.GATEWAY, lab.UPLINK)


def test_there_and_back_again(network: Network) -> None:
    first, second = pair(HavenNode, network, families=(4, 6), interval_ms=HANDOVER_INTERVAL_MS)
    probe = network.probe()
    probe.wait_service()
    for giver, taker in ((first, second), (second, first), (first, second)):
        giver.ask("switchover", group="gateway")
        taker.wait_state("active")
        giver.wait_state("backup")
        assert has_taken_what_was_given(taker)
    probe.wait_service()
    result = probe.stop()
    check_outage(result)


def test_switchover_without_a_backup_is_called_off(network: Network) -> None:
    node = HavenNode(network, "r1").start()
    node.wait_state("active")
    probe = network.probe()
    probe.wait_service()
    with pytest.raises(Refused, match="no other router took over"):
        node.ask("switchover", group=None)
    assert node.state() == "active"
    assert node.holds()
    result = probe.stop()
    assert not result.gaps_after(result.first)


def test_backup_has_nothing_to_hand_over(network: Network) -> None:
    _first, second = pair(HavenNode, network)
    with pytest.raises(Refused, match="not Active"):
        second.ask("switchover", group=None)


def test_unknown_group_is_refused(network: Network) -> None:
    node = HavenNode(network, "r1").start()
    node.wait_state("active")
    with pytest.raises(Refused, match="nosuch"):
        node.ask("switchover", group="nosuch")


def test_power_cut_after_a_switchover_brings_the_first_back(network: Network) -> None:
    first, second = pair(HavenNode, network)
    first.ask("switchover", group=None)
    second.wait_state("active")
    network.power_cut("r2")
    first.wait_state("active")
    assert first.holds()
