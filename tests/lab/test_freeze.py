# SPDX-License-Identifier: GPL-2.0-or-later
"""havend stands still and goes on again: a stuck router must not come back as a second Active."""

import pytest

from tests.lab import network as lab
from tests.lab.before_others import before_others
from tests.lab.haven_node import HavenNode
from tests.lab.network import Network
from tests.lab.pair import pair, wait_one_holder
from tests.lab.wait import holds_for, wait_until


def test_frozen_active_is_replaced_and_its_addresses_leave(network: Network) -> None:
    first, second = pair(HavenNode, network)
    first.freeze()
    second.wait_state("active")
    wait_until(first.holds_none, 10, "the frozen router's kernel drops the addresses", interval=0.1)
    first.thaw()
    first.wait_state("backup")
    wait_one_holder(network, "r2", lab.GATEWAY, lab.UPLINK)


@pytest.mark.parametrize("preempt", [False, True])
def test_thawed_active_leaves_exactly_one(network: Network, preempt: bool) -> None:
    first, second = pair(HavenNode, network, preempt=preempt)
    capture = network.capture("lan")
    first.freeze()
    second.wait_state("active")
    # Long enough for the frozen one to see that it stalled for longer than its own Active_Down_Interval.
    wait_until(lambda: len(capture.adverts(sender="r2")) >= 5, 5, "r2 is established")
    first.thaw()
    keeper, other = (first, second) if preempt else (second, first)
    keeper.wait_state("active")
    other.wait_state("backup")
    wait_one_holder(network, keeper.name, lab.GATEWAY, lab.UPLINK)
    holds_for(lambda: other.state() == "backup", 1, f"{other.name} stays Backup")
    # The thawed router's kernel may have answered for the address: the client has to be told again.
    probe = network.probe()
    probe.wait_service()
    own = network[keeper.name].mac("lan")
    wait_until(lambda: network.client_believes(lab.GATEWAY) == own, 5, "the client is told")


def test_briefly_frozen_active_stays_active(network: Network) -> None:
    first, second = pair(HavenNode, network, interval_ms=1000)
    probe = network.probe()
    probe.wait_service()
    with before_others():
        first.freeze()
        holds_for(lambda: second.state() == "backup", 1, "r2 waits")
        first.thaw()
    holds_for(lambda: (first.state(), second.state()) == ("active", "backup"), 1, "nothing changes")
    result = probe.stop()
    assert not result.gaps_after(result.first)


def test_thawed_backup_does_not_take_over_from_a_living_active(network: Network) -> None:
    first, second = pair(HavenNode, network)
    capture = network.capture("lan")
    second.freeze()
    # Ten adverts wait in its socket while its own timer runs out.
    wait_until(lambda: len(capture.adverts(sender="r1")) >= 10, 5, "the Active goes on")
    second.thaw()
    second.wait_state("backup")
    holds_for(lambda: second.state() == "backup", 1, "r2 stays Backup")
    assert not capture.adverts(sender="r2")
    assert first.state() == "active"
