# SPDX-License-Identifier: GPL-2.0-or-later
"""VRRP does not pass between two paired routers that reach each other all the same."""

import pytest

from tests.lab import network as lab
from tests.lab.agent_node import AgentNode
from tests.lab.network import Network
from tests.lab.outage import check_outage
from tests.lab.pair import pair, wait_one_holder
from tests.lab.test_pairing import join
from tests.lab.test_witness import isolate
from tests.lab.wait import holds_for, wait_until

Both = tuple[AgentNode, AgentNode]

# What a firewall does that knows nothing of VRRP.
DEAF = """
table netdev deaf {{
	chain {device} {{
		type filter hook ingress device "{device}" priority -500;
		ip protocol 112 drop
		ip6 nexthdr 112 drop
	}}
}}
"""


def deafen(node: AgentNode, *devices: str) -> None:
    """Let no ADVERTISEMENT in."""
    for device in devices:
        node.router.namespace.nft(DEAF.format(device=device))


# What a driver does whose card takes nothing any more: each send fails, for want of room in a queue.
MUTE = """
table netdev mute-{device} {{
	chain out {{
		type filter hook egress device "{device}" priority 0;
		drop
	}}
}}
"""


def mute(node: AgentNode, *devices: str) -> None:
    """Let nothing out, although there is a carrier."""
    for device in devices:
        node.router.namespace.nft(MUTE.format(device=device))


def speak_again(node: AgentNode, *devices: str) -> None:
    for device in devices:
        node.router.namespace.nft(f"delete table netdev mute-{device}")


def hear_again(node: AgentNode) -> None:
    node.router.namespace.nft("delete table netdev deaf")


def problems(node: AgentNode) -> dict[str, list[str]]:
    """Tell the problems by their codes, with the devices that they name."""
    found: dict[str, list[str]] = {}
    for each in node.problems():
        found.setdefault(each["code"], []).append(str(each["facts"].get("device")))
    return found


# The first question over the channel has two of them for its answer, and agents go before nobody.
SHORT_MS = 400


@pytest.fixture(params=[SHORT_MS, 1000])
def both(network: Network, request: pytest.FixtureRequest) -> Both:
    first, second = pair(AgentNode, network, interval_ms=request.param)
    join(first, second)
    return first, second


def test_standby_that_hears_nothing_stays_standby_and_says_where(both: Both) -> None:
    first, second = both
    deafen(second, "lan", "wan")
    wait_until(
        lambda: sorted(problems(second).get("deaf", [])) == ["lan", "wan"], 20, "the deaf links are named"
    )
    holds_for(
        lambda: (first.state(), second.state()) == ("active", "backup"), 7, "one is Active all the time"
    )
    hear_again(second)
    wait_until(lambda: "deaf" not in problems(second), 30, "nothing is said any more")
    assert (first.state(), second.state()) == ("active", "backup")


def test_deaf_standby_takes_over_when_the_active_is_gone(both: Both, network: Network) -> None:
    first, second = both
    deafen(second, "lan", "wan")
    wait_until(lambda: "deaf" in problems(second), 20, "the link is deaf")
    network.power_cut(first.name)
    second.wait_state("active", 20)
    # What a dead kernel holds ends by itself.
    wait_one_holder(network, second.name, lab.GATEWAY, lab.UPLINK, budget=20)


@pytest.mark.parametrize("both", [100], indirect=True)
def test_two_that_are_active_agree_over_the_channel_when_it_comes_back(both: Both, network: Network) -> None:
    first, second = both
    deafen(first, "lan", "wan")
    deafen(second, "lan", "wan")
    first.kill_agent()
    second.wait_state("active", 20)
    assert first.state() == "active"
    first.start_agent()
    second.wait_state("backup", 30)
    holds_for(lambda: (first.state(), second.state()) == ("active", "backup"), 5, "one stays")
    wait_one_holder(network, first.name, lab.GATEWAY, lab.UPLINK)


@pytest.mark.parametrize("both", [100], indirect=True)
def test_active_whose_links_take_no_packets_is_relieved_and_says_so(both: Both, network: Network) -> None:
    first, second = both
    mute(first, "lan")
    second.wait_state("active", 20)
    wait_until(lambda: problems(first).get("link-mute") == ["lan"], 10, "the link is named")
    wait_one_holder(network, second.name, lab.GATEWAY, lab.UPLINK)
    speak_again(first, "lan")
    wait_until(lambda: "link-mute" not in problems(first), 20, "it is tried, and takes packets again")
    # Now no link tells the other, and the channel still stands.
    mute(second, "lan", "wan")
    first.wait_state("active", 20)
    second.wait_state("backup", 20)
    wait_until(lambda: sorted(problems(second).get("link-mute", [])) == ["lan", "wan"], 10, "both are named")


@pytest.mark.parametrize("deaf", [("lan", "wan"), ("wan",)])
def test_firewall_in_both_directions_leaves_one_active_and_is_named(
    network: Network, deaf: tuple[str, ...]
) -> None:
    first, second = pair(AgentNode, network, interval_ms=SHORT_MS)
    join(first, second)
    for node in (first, second):
        deafen(node, *deaf)
    code = "deaf" if len(deaf) == 2 else "not-heard"
    wait_until(lambda: sorted(problems(second).get(code, [])) == sorted(deaf), 20, "the links are named")
    holds_for(lambda: (first.state(), second.state()) == ("active", "backup"), 2, "one is Active")
    assert "deaf" not in problems(first)


def test_when_the_channel_is_cut_too_the_side_with_the_witness_serves(network: Network) -> None:
    asked = {"witnesses": (lab.CLIENT,), "group_more": {"witness_patience": 2}}
    first, second = pair(AgentNode, network, interval_ms=SHORT_MS, **asked)
    join(first, second)
    for node in (first, second):
        deafen(node, "lan", "wan")
    wait_until(lambda: sorted(problems(second).get("deaf", [])) == ["lan", "wan"], 20, "VRRP is stopped")
    isolate(network, "r1", "lan", "wan", "sync")
    second.wait_state("active", 20)
    first.wait_state("backup", 20)
    holds_for(lambda: (first.state(), second.state()) == ("backup", "active"), 2, "r2 alone serves")
    probe = network.probe()
    probe.wait_service()
    network.heal()
    for node in (first, second):
        hear_again(node)
    holds_for(lambda: (first.state(), second.state()) == ("backup", "active"), 2, "r2 goes on")
    check_outage(probe.stop())
    wait_one_holder(network, "r2", lab.GATEWAY, lab.UPLINK)
