# SPDX-License-Identifier: GPL-2.0-or-later
"""The guard: connections too young to have been copied live on, and a dead agent leaves nothing armed."""

import socket

from tests.lab.agent_node import AgentNode
from tests.lab.agent_pair import agent_gateway, guarded, wait_armed
from tests.lab.flows import Births, connect
from tests.lab.namespace import inside
from tests.lab.network import SERVICE6, Network
from tests.lab.resets import Resets
from tests.lab.wait import holds_for, now_ns, wait_until

LOOSE = "/proc/sys/net/netfilter/nf_conntrack_tcp_loose"
# A connection says something twice a second, and a segment is sent again after 0.2, 0.6, 1.4 and 3 s.
BUDGET = 20

PORT = 9100
REFUSING = """table inet refusing {
 chain forward {
 type filter hook forward priority filter - 1; policy accept;
 iifname "wan" meta l4proto tcp ct state new,invalid reject with tcp reset
}
}"""


def loose(node: AgentNode) -> str:
    return node.router.namespace.run("cat", LOOSE).strip()


class Cut:
    """Connections being born while the power of r1 is cut, some of them too young to have a copy."""

    def __init__(self, network: Network, guard: bool = True, **nodes: object) -> None:
        first, self.second = agent_gateway(network, **nodes)
        if guard:
            wait_armed(self.second)
        self.resets, self.births = Resets(network), Births(network, seconds=15)
        self.was_guarded = guarded(self.second)
        assert not guarded(first)
        first.freeze_conntrackd()
        holds_for(lambda: first.state() == "active", 0.3, "r1 is Active")
        self.at = network.power_cut("r1").began
        self.second.wait_state("active")
        self.taken_over = now_ns()

    def lost(self) -> int:
        """Count those born before the cut that have not moved since the takeover."""
        return len(self.births.lost_ages_ms(self.at, self.taken_over))


def test_young_connections_live_on_and_nobody_is_refused(network: Network) -> None:
    cut = Cut(network)
    assert cut.was_guarded
    wait_until(lambda: cut.lost() == 0, BUDGET, "all of them move on")
    assert cut.resets.by_sender() == {}
    wait_until(lambda: not guarded(cut.second) and loose(cut.second) == "0", BUDGET, "the guard is lifted")


def test_without_the_guard_young_connections_are_lost(network: Network) -> None:
    cut = Cut(network, guard=False, conntrack_more="\toption guard '0'\n")
    assert not cut.was_guarded
    holds_for(lambda: cut.lost() > 0, 6, "some do not move on")


def test_dead_agent_leaves_nothing_that_drops(network: Network) -> None:
    _first, second = agent_gateway(network)
    wait_until(lambda: guarded(second) and loose(second) == "1", 5, "the standby is armed")
    second.kill_agent()
    wait_until(lambda: not guarded(second), 70, "the addresses have run out", interval=0.5)
    second.start_agent()
    wait_until(lambda: guarded(second), 10, "the next agent arms it again")
    second.stop()
    second.stop_agent()
    assert not guarded(second) and loose(second) == "0"


def test_firewall_that_refuses_does_not_end_what_it_does_not_know(network: Network) -> None:
    first, second = agent_gateway(network, families=(4, 6))
    wait_armed(second)
    second.router.namespace.nft(REFUSING)
    resets = Resets(network)
    with inside(network.server):
        listener = socket.create_server((SERVICE6, PORT), family=socket.AF_INET6)
    first.freeze_conntrackd()
    client = connect(network.client, SERVICE6, PORT)
    server, _address = listener.accept()
    network.power_cut("r1")
    second.wait_state("active")
    server.sendall(b"from outside first")
    client.settimeout(BUDGET)
    # Unknown to the firewall: nothing comes through, and nothing is refused, until the client speaks.
    holds_for(lambda: resets.by_sender() == {}, 1, "nobody is refused")
    client.sendall(b"from inside")
    assert server.recv(64) == b"from inside"
    assert client.recv(64) == b"from outside first"
    assert resets.by_sender() == {}
