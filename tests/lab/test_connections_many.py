# SPDX-License-Identifier: GPL-2.0-or-later
"""Many failovers, and more than two routers."""

from pathlib import Path

from tests.lab.agent_node import AgentNode
from tests.lab.agent_pair import Through, agent_gateway, copies
from tests.lab.flows import Crowd
from tests.lab.network import Network
from tests.lab.wait import wait_until

CROWD = 2000
# What an allocator may take after the third failover without anything having been lost.
SLACK_KB = 1024


def test_after_ten_failovers_the_tables_agree_and_memory_has_not_grown(network: Network) -> None:
    active, standby = agent_gateway(network)
    Crowd(network).fill(CROWD)
    through, memory = Through(network, standby), {}
    for number in range(1, 11):
        active.ask("switchover", group=None)
        standby.wait_state("active")
        active, standby = standby, active
        wait_until(lambda active=active: told(active) >= CROWD, 15, "the new Active has told everything")
        through.wait_moving()
        memory[number] = {node.name: resident_kb(node) for node in (active, standby)}
    wait_until(lambda: agree(active, standby), 10, "the tables agree within a hundredth")
    for name, before in memory[3].items():
        assert memory[10][name] < before + SLACK_KB, memory
    through.assert_all_live_on()


def test_three_routers_lose_no_connection_when_two_of_them_die(build) -> None:
    network = build(3)
    first, second, third = agent_gateway(network)
    through = Through(network, second, third)
    network.remove_device("r3", "sync")
    network.create_device("r3", "sync", "02:00:00:00:03:44")
    # The new device is not yet in the group: conntrackd has to join anew.
    wait_until(lambda: third.conntrack().get("restarts"), 20, "conntrackd of r3 runs again")
    third.wait_in_sync()
    network.power_cut("r1")
    wait_until(lambda: "active" in (second.state(), third.state()), 10, "another is Active")
    through.wait_moving()
    active, last = (second, third) if second.state() == "active" else (third, second)
    network.power_cut(active.name)
    last.wait_state("active")
    through.assert_all_live_on()


def told(node: AgentNode) -> int:
    """Count the entries that conntrackd answers for."""
    return node.conntrack().get("internal", 0)


def agree(active: AgentNode, standby: AgentNode) -> bool:
    here, there = copies(active), copies(standby)
    return here >= CROWD and abs(here - there) <= here / 100


def resident_kb(node: AgentNode) -> int:
    """Add up the memory of conntrackd and the agent."""
    assert node.agent is not None
    pids = [*node.pids_of("conntrackd"), node.agent.pid]
    return sum(_resident_kb(pid) for pid in pids)


def _resident_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
