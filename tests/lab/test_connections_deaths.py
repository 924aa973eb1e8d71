# SPDX-License-Identifier: GPL-2.0-or-later
"""The death of conntrackd or of the agent, on either side, costs no connection."""

import pytest

from tests.lab import firewall
from tests.lab.agent_node import AgentNode
from tests.lab.agent_pair import SECOND_NS, Pair, Through, agent_gateway, codes, wait_code
from tests.lab.flows import answers, connect
from tests.lab.network import SERVICE, Network
from tests.lab.wait import now_ns, wait_until


@pytest.fixture
def pair(network: Network) -> Pair:
    first, second = agent_gateway(network)
    return first, second


def test_five_seconds_after_the_death_of_the_standbys_conntrackd(network: Network, pair: Pair) -> None:
    second, through = pair[1], Through(network, pair[1])
    second.kill_conntrackd()
    until = now_ns() + 5 * SECOND_NS
    while now_ns() < until:
        through.wait_moving()
    network.power_cut("r1")
    second.wait_state("active")
    through.assert_all_live_on()


def assert_older_and_younger_live_on(network: Network, second: AgentNode, through: Through) -> None:
    """Cut the power of r1 once a connection begun now is copied, and see that none is lost."""
    born_later = connect(network.client, SERVICE)
    wait_copied(second, born_later.getsockname()[1])
    network.power_cut("r1")
    second.wait_state("active")
    assert answers(born_later, timeout=30)
    through.assert_all_live_on()


def test_the_death_of_the_actives_conntrackd(network: Network, pair: Pair) -> None:
    first, second = pair
    through = Through(network, second)
    first.kill_conntrackd()
    wait_until(lambda: restarts(first), 20, "conntrackd of r1 runs again")
    wait_until(lambda: codes(first) == codes(second) == set(), 20, "nothing is the matter any more")
    assert_older_and_younger_live_on(network, second, through)


def test_the_death_of_both_agents(network: Network, pair: Pair) -> None:
    first, second = pair
    through = Through(network, second)
    for node in pair:
        node.kill_agent()
    wait_code(second, "agent-silent")
    assert (first.state(), second.state()) == ("active", "backup")
    assert_older_and_younger_live_on(network, second, through)


def test_the_restart_of_the_standbys_agent(network: Network, pair: Pair) -> None:
    second, through = pair[1], Through(network, pair[1])
    second.kill_agent()
    wait_code(second, "agent-silent")
    second.start_agent()
    second.wait_in_sync()
    assert len(second.pids_of("conntrackd")) == 1
    network.power_cut("r1")
    second.wait_state("active")
    through.assert_all_live_on()


def test_without_conntrackd_the_rest_works_and_the_status_says_so(network: Network) -> None:
    node = AgentNode(network, "r1", priority=200)
    node.agent_environment = {"PATH": "/nonexistent", "HAVEN_SBIN": ""}
    node.start()
    node.wait_state("active")
    wait_code(node, "conntrack-missing")


def restarts(node: AgentNode) -> int | None:
    return node.conntrack().get("restarts")


def wait_copied(node: AgentNode, port: int) -> None:
    """Wait until a node has the connection from a port of the client."""
    which = ("-p", "tcp", "--orig-port-src", str(port))
    found = wait_until(lambda: firewall.flows(node.router.namespace, *which), 10, f"{node.name} has it")
    assert len(found) == 1
