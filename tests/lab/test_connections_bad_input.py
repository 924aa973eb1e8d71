# SPDX-License-Identifier: GPL-2.0-or-later
"""What is wrong with the copying is named in the status, ends no connection, and heals by itself."""

from pathlib import Path

import pytest

from tests.lab import firewall
from tests.lab.agent_node import LIMIT_FILE, AgentNode
from tests.lab.agent_pair import COUNT, Through, agent_gateway, codes, copies, wait_code, wait_no_problem
from tests.lab.flows import answers, connect, echo_server
from tests.lab.network import SERVICE, Network
from tests.lab.wait import holds_for, wait_until

ELSEWHERE = "10.99.0.77"


@pytest.fixture
def half(network: Network) -> AgentNode:
    """An Active r1 with a firewall, and everything ready for r2."""
    for router in network.routers.values():
        firewall.set_up(router)
    echo_server(network.server)
    return AgentNode(network, "r1", priority=200).start().wait_state("active")


def _hear_each_other(node: AgentNode) -> tuple[bool, bool]:
    """Tell whether a node's conntrackd hears the other's, and its agent the other's."""
    (peer,) = node.status()["peers"]
    return node.conntrack()["connected"], peer["fresh"]


def test_a_sync_link_that_goes_away_and_comes_back(network: Network) -> None:
    first, second = agent_gateway(network)
    through = Through(network, second)
    network.cable_pull("r2", "sync")
    said = wait_code(second, "conntrack-link-down")
    assert "link of sync is down" in said["message"]
    wait_code(first, "conntrack-peer-silent")
    wait_until(lambda: second.conntrack()["in_sync"] is False, 10, "the standby knows that it misses some")
    for node in (first, second):
        wait_until(lambda node=node: _hear_each_other(node) == (False, False), 10, "neither hears the other")
    born_meanwhile = connect(network.client, SERVICE)
    network.cable_plug("r2", "sync")
    second.wait_in_sync()
    for node in (first, second):
        wait_no_problem(node)
        wait_until(lambda node=node: _hear_each_other(node) == (True, True), 10, "each hears the other")
    network.power_cut("r1")
    second.wait_state("active")
    assert answers(born_meanwhile, timeout=30)
    through.assert_all_live_on()


def test_a_sync_device_that_appears_late_and_is_then_made_anew(network: Network, half: AgentNode) -> None:
    network.remove_device("r2", "sync")
    second = AgentNode(network, "r2").start().wait_state("backup")
    said = wait_code(second, "conntrack-device-missing")
    assert "device sync is not there" in said["message"]
    wait_until(lambda: codes(second) == {"conntrack-device-missing"}, 20, "nothing else is wrong")
    talk = connect(network.client, SERVICE)
    network.create_device("r2", "sync", "02:00:00:00:03:44")
    wait_until(lambda: copies(second) == 1, 20, "the connection is copied")
    network.remove_device("r2", "sync")
    wait_code(second, "conntrack-device-missing")
    network.create_device("r2", "sync", "02:00:00:00:03:45")
    wait_no_problem(second)
    assert answers(talk)


def test_a_sync_link_that_is_down_at_the_start(network: Network, half: AgentNode) -> None:
    network.cable_pull("r2", "sync")
    second = AgentNode(network, "r2").start().wait_state("backup")
    wait_code(second, "conntrack-link-down")
    talk = connect(network.client, SERVICE)
    assert copies(second) == 0
    network.cable_plug("r2", "sync")
    wait_until(lambda: copies(second) == 1, 40, "the connection is copied")
    wait_no_problem(second)
    assert answers(talk)


def test_an_own_address_that_the_router_does_not_have(network: Network, half: AgentNode) -> None:
    second = AgentNode(network, "r2")
    second.sync_address = ELSEWHERE
    second.configure()
    second.start().wait_state("backup")
    said = wait_code(second, "conntrack-address-missing")
    assert ELSEWHERE in said["message"]
    assert f"'sync' does not have the address {ELSEWHERE} now" in second.cli("plan")
    network["r2"].namespace.ip(f"address add {ELSEWHERE}/24 dev sync")
    # It runs now, but r1 knows another address of r2.
    wait_code(second, "conntrack-peer-silent")
    second.sync_address = ""
    second.configure()
    second.cli("reload")
    second.wait_in_sync()
    wait_no_problem(second)


def test_two_routers_with_one_address(network: Network, half: AgentNode) -> None:
    own, other = network["r1"].address("sync"), network["r2"].address("sync")
    network["r2"].namespace.ip("address flush dev sync", f"address add {own}/24 dev sync")
    second = AgentNode(network, "r2")
    second.sync_address, second.sync_peers = own, (other,)
    second.configure()
    second.start().wait_state("backup")
    for node in (half, second):
        said = wait_code(node, "conntrack-peer-silent")
        assert "crosswise" in said["do"]
    talk = connect(network.client, SERVICE)
    network["r2"].namespace.ip("address flush dev sync", f"address add {other}/24 dev sync")
    second.sync_address, second.sync_peers = "", ()
    second.configure()
    second.cli("reload")
    second.wait_in_sync()
    wait_until(lambda: copies(second) == 1, 20, "the connection is copied")
    for node in (half, second):
        wait_no_problem(node)
    assert answers(talk)


def test_a_router_that_lists_more_peers_than_the_other_is_not_in_sync(
    network: Network, half: AgentNode
) -> None:
    talk = connect(network.client, SERVICE)
    second = AgentNode(network, "r2")
    second.sync_peers = (network["r1"].address("sync"), ELSEWHERE)
    second.configure()
    second.start().wait_state("backup")
    for node in (half, second):
        said = wait_code(node, "conntrack-peer-silent")
        assert "both list as many peers" in said["do"]
    assert (copies(second), second.conntrack()["in_sync"]) == (0, False)
    second.sync_peers = ()
    second.configure()
    second.cli("reload")
    second.wait_in_sync()
    wait_until(lambda: copies(second) == 1, 20, "the connection is copied")
    assert answers(talk)


COPYING = ("-p", "udp", "--orig-port-dst", "3780")


def own_flows(node: AgentNode) -> list[str]:
    """List what a router tracks of VRRP and of conntrackd."""
    inside = node.router.namespace
    return [*firewall.flows(inside, "-p", "112"), *firewall.flows(inside, *COPYING)]


def half_limit() -> str:
    """Tell the limit of the machine, which every other router has."""
    return Path(LIMIT_FILE).read_text()


def test_a_standby_whose_table_is_smaller_and_full(network: Network, half: AgentNode, tmp_path: Path) -> None:
    second = AgentNode(network, "r2")
    second.limit = tmp_path / "nf_conntrack_max"
    second.limit.write_text(str(COUNT + 1))
    second.start().wait_state("backup")
    for node, there in ((half, second), (second, half)):
        said = wait_code(node, "conntrack-limits-differ")
        assert f"that of {there.name} " in said["message"]
        wait_until(lambda node=node: codes(node) == {"conntrack-limits-differ"}, 20, "nothing else is wrong")
    through = Through(network, second)
    said = wait_code(second, "conntrack-full")
    assert f"of {COUNT + 1} entries" in said["message"]
    assert said["do"] == "Raise nf_conntrack_max, to the same on all routers."
    assert "conntrack-full" not in codes(half)
    # A full table takes nothing new; the routers hear each other without a place in it.
    for node in (half, second):
        firewall.forget(node.router.namespace, *COPYING)
    holds_for(lambda: not any(own_flows(node) for node in (half, second)), 2, "nothing of theirs is tracked")
    second.limit.write_text(half_limit())
    for node in (half, second):
        wait_no_problem(node)
    through.assert_all_live_on()


def _waiting(node: AgentNode) -> dict | None:
    group = node.group()
    return group if group["sync_wait_ms"] else None


def test_preempting_waits_for_the_connections_and_the_status_says_so(network: Network) -> None:
    wait_s = 8
    first, second = agent_gateway(network, preempt=True)
    through = Through(network, second)
    first.stop()
    second.wait_state("active")
    network.cable_pull("r1", "sync")
    first.conntrack_more = f"\toption wait '{wait_s}'\n"
    first.configure()
    first.start()
    group = wait_until(lambda: _waiting(first), 20, "r1 waits before it preempts")
    # Its first name, and the one that came later.
    assert 0 < group["sync_wait_ms"] == group["preempt_wait_ms"] <= wait_s * 1000
    assert "waits for the connections before it takes over" in first.cli("status")
    first.wait_state("active")
    said = [event for event in first.events() if event["kind"] == "wait"]
    assert [event["code"] for event in said] == ["sync-wait", "sync-wait-over"]
    assert 0 < said[0]["facts"]["left_s"] <= wait_s and said[0]["group"] == "gateway"
    through.wait_moving()
