# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections live on through every kind of takeover."""

import os
import signal
from collections.abc import Iterator

import pytest

from tests.lab import firewall
from tests.lab.agent_node import AgentNode
from tests.lab.flows import Busy, answers, connect, echo_server
from tests.lab.network import SERVICE, Network
from tests.lab.resets import Resets
from tests.lab.wait import now_ns, wait_until

COUNT = 50
SECOND_NS = 1_000_000_000

Pair = tuple[AgentNode, AgentNode]


@pytest.fixture
def pair(network: Network) -> Iterator[Pair]:
    for router in network.routers.values():
        firewall.set_up(router)
    first = AgentNode(network, "r1", priority=200).start()
    first.wait_state("active")
    second = AgentNode(network, "r2").start()
    second.wait_state("backup")
    second.wait_in_sync()
    echo_server(network.server)
    yield first, second


def moving(busy: Busy) -> bool:
    return busy.moving_since(now_ns() - SECOND_NS) == COUNT


def busy_flows(network: Network, second: AgentNode) -> Busy:
    busy = Busy(network, COUNT)
    wait_until(lambda: moving(busy), 10, "every connection moves")
    copied = second.router.namespace
    wait_until(lambda: firewall.entries(copied) >= COUNT, 10, "the standby has them")
    return busy


def assert_all_live_on(busy: Busy, resets: Resets) -> None:
    wait_until(lambda: moving(busy), 20, f"all live on; now {busy.fates(now_ns() - SECOND_NS)}")
    assert resets.by_sender() == {}


def test_a_power_cut_costs_no_connection(network: Network, pair: Pair) -> None:
    busy, resets = busy_flows(network, pair[1]), Resets(network)
    network.power_cut("r1")
    pair[1].wait_state("active")
    assert_all_live_on(busy, resets)


def test_a_pulled_cable_costs_no_connection(network: Network, pair: Pair) -> None:
    busy, resets = busy_flows(network, pair[1]), Resets(network)
    network.cable_pull("r1", "lan")
    pair[1].wait_state("active")
    assert_all_live_on(busy, resets)


def test_a_switchover_there_and_back_costs_no_connection(network: Network, pair: Pair) -> None:
    first, second = pair
    busy, resets = busy_flows(network, second), Resets(network)
    first.ask("switchover", group=None)
    second.wait_state("active")
    wait_until(lambda: moving(busy), 20, "every connection moves again")
    first.wait_in_sync()
    second.ask("switchover", group=None)
    first.wait_state("active")
    assert_all_live_on(busy, resets)


def test_an_idle_connection_is_still_there_after_a_power_cut(network: Network, pair: Pair) -> None:
    talk = connect(network.client, SERVICE)
    assert answers(talk)
    wait_until(lambda: firewall.entries(pair[1].router.namespace) >= 1, 10, "the standby has it")
    network.power_cut("r1")
    pair[1].wait_state("active")
    assert answers(talk, timeout=10)


def test_a_conntrackd_that_dies_is_started_again_and_catches_up(network: Network, pair: Pair) -> None:
    first, second = pair
    busy, resets = busy_flows(network, second), Resets(network)
    for pid in conntrackd_pids(second):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: second.conntrack().get("restarts") == 1, 20, "conntrackd runs again")
    second.wait_in_sync()
    network.power_cut("r1")
    second.wait_state("active")
    assert_all_live_on(busy, resets)


def test_the_end_of_the_agent_costs_no_connection(network: Network, pair: Pair) -> None:
    first, second = pair
    busy, resets = busy_flows(network, second), Resets(network)
    second.kill_agent()
    wait_until(lambda: "agent-silent" in codes(second), 20, "the status says that the agent is gone")
    assert (first.state(), second.state()) == ("active", "backup")
    second.start_agent()
    second.wait_in_sync()
    network.power_cut("r1")
    second.wait_state("active")
    assert_all_live_on(busy, resets)


def test_a_sync_link_that_goes_away_is_named_and_heals(network: Network, pair: Pair) -> None:
    second = pair[1]
    network.cable_pull("r1", "sync")
    wait_until(lambda: "conntrack-peer-silent" in codes(second), 20, "the status names it")
    assert second.conntrack()["in_sync"] is False
    network.cable_plug("r1", "sync")
    second.wait_in_sync()
    wait_until(lambda: codes(second) == set(), 20, "nothing is the matter any more")


def test_without_conntrackd_the_rest_works_and_the_status_says_so(network: Network) -> None:
    node = AgentNode(network, "r1", priority=200)
    node.agent_environment = {"PATH": "/nonexistent", "HAVEN_SBIN": ""}
    node.start()
    node.wait_state("active")
    wait_until(lambda: "conntrack-missing" in codes(node), 20, "the status says what is missing")


def codes(node: AgentNode) -> set[str]:
    return {problem["code"] for problem in node.problems()}


def conntrackd_pids(node: AgentNode) -> list[int]:
    found = []
    for pid in node.router.namespace.pids():
        with open(f"/proc/{pid}/comm") as name:
            if name.read().strip() == "conntrackd":
                found.append(pid)
    return found
