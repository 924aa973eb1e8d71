# SPDX-License-Identifier: GPL-2.0-or-later
"""Machines on the LAN that want to get into a pair, or to keep it from being one."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab.agent_node import AgentNode
from tests.lab.attacker import ROOT, Attacker
from tests.lab.network import Network
from tests.lab.pair import pair
from tests.lab.test_pairing import hears_all, join, keys, offer, peers
from tests.lab.wait import holds_for, wait_until

# The agent with TLS has 30 MB here; a backlog and a message of each stranger are ten more.
MOST_MEMORY_KB = 80_000

Both = tuple[AgentNode, AgentNode]


@pytest.fixture
def both(network: Network) -> Both:
    return pair(AgentNode, network)


@contextmanager
def machine(network: Network, tmp_path: Path, *words: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Let a machine on the LAN do something meanwhile."""
    namespace = Attacker(network).namespace
    namespace.ip("address add 10.77.0.66/24 dev lan")
    argv = [sys.executable, "-m", "tests.lab.pairing_process", *words]
    with open(tmp_path / "machine.log", "wb") as log:
        process = namespace.spawn(argv, log, {"PYTHONPATH": f"{ROOT}:{ROOT}/src"}, cwd=ROOT)
        try:
            yield process
        finally:
            process.kill()
            process.wait(60)


def memory_kb(node: AgentNode) -> int:
    assert node.agent is not None
    text = Path(f"/proc/{node.agent.pid}/status").read_text()
    return int(next(line.split()[1] for line in text.splitlines() if line.startswith("VmHWM")))


def lan_address(node: AgentNode) -> str:
    return node.router.address("lan")


def check_unmoved(both: Both) -> None:
    """See that the gateway has not moved, and that nothing has grown."""
    first, second = both
    assert (first.state(), second.state()) == ("active", "backup")
    assert [event for event in first.events() if event["kind"] == "transition"][-1]["to"] == "active"
    assert memory_kb(first) < MOST_MEMORY_KB


def test_machine_in_between_is_not_let_in_and_learns_nothing(
    both: Both, network: Network, tmp_path: Path
) -> None:
    first, second = both
    shown = offer(first)
    with machine(network, tmp_path, "between", lan_address(first)):
        wait_until(lambda: b"ready" in (tmp_path / "machine.log").read_bytes(), 20, "the machine listens")
        with pytest.raises(RuntimeError, match="the code is wrong|does not know the code"):
            second.cli("join", "10.77.0.66", shown["code"], "--yes")
    assert peers(first) == peers(second) == []
    # That was one of three tries.
    second.cli("join", lan_address(first), shown["code"], "--yes")
    for node in both:
        wait_until(lambda node=node: hears_all(node), 20, f"{node.name} hears its peer")


def test_guesses_end_the_offer_and_nothing_else(both: Both, network: Network, tmp_path: Path) -> None:
    first, second = both
    shown = offer(first)
    with machine(network, tmp_path, "guess", lan_address(first)):
        holds_for(lambda: peers(first) == [], 5, "nobody is let in")
        with pytest.raises(RuntimeError):
            second.cli("join", lan_address(first), shown["code"], "--yes")
        check_unmoved(both)
    join(first, second)


def test_flood_moves_nothing(both: Both, network: Network, tmp_path: Path) -> None:
    first, second = both
    join(first, second)
    with machine(network, tmp_path, "rubbish", lan_address(first)) as process:
        wait_until(lambda: process.poll() is not None, 120, "the flood is over")
        check_unmoved(both)
    wait_until(lambda: hears_all(first), 10, "the peer is heard")


def test_crowd_does_not_keep_a_peer_out(both: Both, network: Network, tmp_path: Path) -> None:
    first, second = both
    join(first, second)
    with machine(network, tmp_path, "crowd", lan_address(first)):
        holds_for(lambda: hears_all(first), 3, "the peer is heard")
        second.kill_agent()
        second.start_agent()
        wait_until(
            lambda: hears_all(first) and hears_all(second), 60, "the peer comes back through the crowd"
        )
    check_unmoved(both)


def test_peer_that_reads_nothing_is_cut_off(both: Both, network: Network, tmp_path: Path) -> None:
    first, second = both
    join(first, second)
    second.kill_agent()
    with machine(network, tmp_path, "deaf", lan_address(first), str(keys(second))):
        holds_for(lambda: json.loads(first.cli("status", "--json"))["state"] == "active", 8, "r1 answers")
        check_unmoved(both)
    second.start_agent()
    for node in both:
        wait_until(lambda node=node: hears_all(node), 30, f"{node.name} hears its peer")
