# SPDX-License-Identifier: GPL-2.0-or-later
"""Somebody else is on the device between the routers: what they send is not believed."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.lab import firewall
from tests.lab.agent_node import AgentNode
from tests.lab.agent_pair import wait_code, wait_no_problem
from tests.lab.conntrackd import Conntrackd
from tests.lab.network import CLIENT, Network, Router
from tests.lab.wait import holds_for, now_ns, wait_until

COPY_PORT, AGENT_PORT = 3780, 3781
STRANGER = "198.51.100.77"
SSH = 22
SILENCE_NS = 8_000_000_000

CHANNEL = """UDP {{
  IPv4_address {own}
  IPv4_Destination_Address {target}
  Port 3780
  Interface sync
  Checksum on
 }}"""

# Sends octets to a port of an address, so many times a second, from an address and a port.
SENDER = """
import socket, sys, time
source, from_port, target, port, octets, each_second = sys.argv[1:]
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
    out.bind((source, int(from_port)))
    while True:
        try:
            out.sendto(bytes.fromhex(octets), (target, int(port)))
        except OSError:
            pass
        time.sleep(1 / int(each_second))
"""


@pytest.fixture
def pair(build) -> tuple[Network, AgentNode, AgentNode, Router]:
    """Two nodes that copy to each other, and a machine that is on every segment with them."""
    network = build(3)
    nodes = []
    for name, other in (("r1", "r2"), ("r2", "r1")):
        firewall.set_up(network[name])
        node = AgentNode(network, name, priority=100 if nodes else 200)
        node.sync_peers = (network[other].address("sync"),)
        node.configure()
        nodes.append(node.start().wait_state("backup" if nodes else "active"))
    nodes[1].wait_in_sync()
    return network, nodes[0], nodes[1], network["r3"]


@contextmanager
def sending(
    intruder: Router, source: str, target: str, port: int, octets: bytes, each_second: int, from_port: int = 0
) -> Iterator[None]:
    """Let the intruder send meanwhile."""
    words = (source, str(from_port), target, str(port), octets.hex(), str(each_second))
    process: subprocess.Popen[bytes] = intruder.namespace.spawn([sys.executable, "-c", SENDER, *words])
    yield
    assert process.poll() is None
    process.kill()
    process.wait(60)


def _planted(node: AgentNode) -> list[str]:
    return firewall.flows(node.router.namespace, "--orig-src", STRANGER)


def test_no_entry_can_be_planted_in_the_standbys_table(
    pair: tuple[Network, AgentNode, AgentNode, Router],
) -> None:
    network, _active, standby, intruder = pair
    ssh = ("-p", "tcp", "--sport", "40000", "--dport", str(SSH), "--state", "ESTABLISHED", "-u", "ASSURED")
    intruder.namespace.run("conntrack", "-I", "-s", STRANGER, "-d", CLIENT, *ssh, "-t", "600")
    channel = CHANNEL.format(own=intruder.address("sync"), target=standby.router.address("sync"))
    own = Conntrackd(network, "r3", channel=channel).start()
    own.ask("resync")

    def tell() -> list[str]:
        own.ask("bulk")
        return _planted(standby)

    assert own.figure("statistics", "current active connections:") >= 1
    holds_for(lambda: not tell(), 3, "it is refused", interval=0.5)
    # It is the rules that refuse it.
    standby.router.namespace.nft("delete table inet haven_peers\n")
    wait_until(tell, 10, "without them it is taken", interval=0.5)


def test_octets_without_sense_are_not_taken_for_the_peer(
    pair: tuple[Network, AgentNode, AgentNode, Router],
) -> None:
    network, active, standby, intruder = pair
    peer, target = active.router.address("sync"), standby.router.address("sync")
    network.cable_pull("r1", "sync")
    intruder.namespace.ip(f"address add {peer}/24 dev sync")
    with sending(intruder, peer, target, COPY_PORT, bytes(16), 5):
        wait_code(standby, "conntrack-peer-silent")
        assert standby.conntrack()["in_sync"] is False
        wait_until(lambda: standby.conntrack()["malformed"] > 5, 20, "what has no sense is counted")
    intruder.namespace.ip(f"address del {peer}/24 dev sync")
    network.cable_plug("r1", "sync")
    standby.wait_in_sync()
    wait_no_problem(standby)


@pytest.mark.parametrize("port", [COPY_PORT, AGENT_PORT])
def test_rubbish_silences_nobody(pair: tuple[Network, AgentNode, AgentNode, Router], port: int) -> None:
    _network, active, standby, intruder = pair

    def hear_each_other() -> bool:
        nodes = (active, standby)
        return all(node.conntrack()["connected"] and node.status()["peers"][0]["fresh"] for node in nodes)

    target = standby.router.address("sync")
    with sending(intruder, intruder.address("sync"), target, port, b"rubbish", 200):
        # Longer than anybody is thought to be there who is not heard.
        since = now_ns()
        wait_until(lambda: now_ns() - since > SILENCE_NS, 10, "it goes on")
        wait_until(hear_each_other, 10, "each hears the other")
        standby.wait_in_sync()
        assert standby.conntrack()["malformed"] == 0
