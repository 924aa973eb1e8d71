# SPDX-License-Identifier: GPL-2.0-or-later
"""An attacker on the LAN, with everything in turn, and a user of a router without rights."""

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab.agent_node import AgentNode
from tests.lab.agent_pair import codes
from tests.lab.attacker import Attacker
from tests.lab.attacks import ATTACKS, PAIRS, Attack
from tests.lab.haven_node import HavenNode
from tests.lab.local_user import LooseNode, trespasses
from tests.lab.network import Network
from tests.lab.pair import pair
from tests.lab.switch import port_name
from tests.lab.wait import holds_for, wait_until

BUDGET_S = 30
# An attack that must move nothing is looked at for so long.
WATCHED_S = 2
FEW = 20
MANUAL = (Path(__file__).parents[2] / "docs/security.md").read_text()
MANUAL_RULES = "table bridge" + MANUAL.split("    table bridge")[1].split("\n\n")[0]

Nodes = tuple[AgentNode, AgentNode]


def _turns(nodes: Nodes) -> int:
    return sum(node.status()["virtual_routers"][0]["counters"]["became_active"] for node in nodes)


def _has_one_active(nodes: Nodes) -> bool:
    return sorted(str(node.state()) for node in nodes) == ["active", "backup"]


def _named(nodes: Nodes, attack: Attack) -> bool:
    return any(codes(node) & attack.named for node in nodes)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name.replace(" ", "-"))
def test_an_attack_is_named_and_leaves_one_active(network: Network, attack: Attack) -> None:
    nodes = pair(AgentNode, network, **PAIRS[attack.pair])
    attacker, turns = Attacker(network), _turns(nodes)
    with attacker.attacking(attack):
        if attack.named:
            wait_until(lambda: _named(nodes, attack), BUDGET_S, "a status names it")
        else:
            wait_until(lambda: attacker.sent() > FEW, BUDGET_S, "the attacker speaks")
        if not attack.moves:
            holds_for(lambda: _has_one_active(nodes), WATCHED_S, "one is Active")
    wait_until(lambda: _has_one_active(nodes), BUDGET_S, "one is Active afterwards")
    assert _turns(nodes) - turns <= attack.moves


@pytest.mark.parametrize("family", ["", ", IPv6"])
@pytest.mark.parametrize("name", ["255 all the time", "255 behind options", "60 kB in fragments"])
def test_a_switch_with_the_rules_of_the_manual_ends_every_attack(
    network: Network, name: str, family: str
) -> None:
    attack = next(each for each in ATTACKS if each.name == name + family)
    nodes = pair(AgentNode, network, **PAIRS[attack.pair])
    attacker, turns = Attacker(network), _turns(nodes)
    network.switch.namespace.nft(MANUAL_RULES.replace('"lan3", "wlan0"', port_name("attacker", "lan")))
    with attacker.attacking(attack):
        wait_until(lambda: attacker.sent() > FEW, BUDGET_S, "the attacker speaks")
        assert not any(_named(nodes, each) for each in ATTACKS)
    assert _turns(nodes) == turns and _has_one_active(nodes)


@pytest.fixture
def loose(network: Network) -> LooseNode:
    """One node, Active, in a place that everybody can get to."""
    node = LooseNode(network, "r1")
    node.start().wait_state("active")
    return node


def test_a_user_without_rights_reads_asks_and_plants_nothing(loose: LooseNode) -> None:
    assert trespasses(loose) == []
    assert loose.state() == "active"


@pytest.fixture
def connect(loose: LooseNode) -> Iterator[Callable[[], socket.socket]]:
    """Open connections to havend that are closed after the test."""
    opened: list[socket.socket] = []

    def make() -> socket.socket:
        line = socket.socket(socket.AF_UNIX)
        line.connect(str(loose.run_dir / "havend.sock"))
        opened.append(line)
        return line

    yield make
    for line in opened:
        line.close()


def test_connections_that_idle_or_do_not_read_keep_nobody_out(
    loose: HavenNode, connect: Callable[[], socket.socket]
) -> None:
    for _ in range(40):
        connect()
        connect().sendall(json.dumps({"command": "events", "follow": True}).encode() + b"\n")
    assert "Active" in loose.cli("status")
    assert loose.state() == "active"
