# SPDX-License-Identifier: GPL-2.0-or-later
"""Both are Active, as no link carries VRRP between them: each says so, by what the other tells of itself."""

from tests.lab.agent_pair import agent_gateway, codes, wait_code
from tests.lab.network import Network
from tests.lab.wait import holds_for

CODE = "both-active"


def test_a_split_is_named_on_both_routers_until_it_is_healed(network: Network) -> None:
    first, second = agent_gateway(network)
    network.split("lan")
    network.split("wan")
    second.wait_state("active")
    for node, other in ((first, "r2"), (second, "r1")):
        named = wait_code(node, CODE)
        assert (named["severity"], named["facts"]) == ("error", {"peer": other})
    holds_for(lambda: CODE in codes(first) and CODE in codes(second), 3, "it stays named")
    network.heal()
    second.wait_state("backup")
    assert CODE not in codes(second)
    holds_for(lambda: CODE not in codes(second), 2, "the Backup says nothing of it")


def test_a_switchover_is_no_split(network: Network) -> None:
    first, second = agent_gateway(network)
    first.ask("switchover", group=None)
    second.wait_state("active")
    holds_for(lambda: CODE not in codes(first) | codes(second), 6, "nobody says that both are Active")
