# SPDX-License-Identifier: GPL-2.0-or-later
"""Two routers that are paired by a code, as a user does it, and what they can do then."""

import json
import os
from pathlib import Path

import pytest

from haven.peers import code
from tests.lab.agent_node import AgentNode
from tests.lab.dialled import joins
from tests.lab.lab_fixtures import Build
from tests.lab.network import SEGMENTS, Network
from tests.lab.pair import gateway, pair, wait_settled
from tests.lab.wait import wait_until


def offer(node: AgentNode) -> dict:
    """Show a code."""
    return json.loads(node.cli("pair", "--json"))


def peers(node: AgentNode) -> list[dict]:
    return json.loads(node.cli("peers", "--json"))


def join(first: AgentNode, second: AgentNode) -> None:
    """Let the second join the first, and wait until each hears the other."""
    wait_until(lambda: joins(first, second), 60, f"{second.name} joins {first.name}")
    for node in (first, second):
        wait_until(lambda node=node: hears_all(node), 20, f"{node.name} hears its peer")


def hears_all(node: AgentNode) -> bool:
    found = peers(node)
    return bool(found) and all(peer["heard_ms"] is not None for peer in found)


def keys(node: AgentNode) -> Path:
    return node.root / "etc/haven/peers"


@pytest.fixture
def both(network: Network) -> tuple[AgentNode, AgentNode]:
    return pair(AgentNode, network)


def test_code_makes_two_routers_know_each_other(both: tuple[AgentNode, AgentNode]) -> None:
    first, second = both
    assert peers(first) == peers(second) == []
    shown = offer(first)
    assert len(shown["code"]) == 12 and shown["addresses"]
    second.cli("join", shown["addresses"][0], shown["code"], "--yes")
    for node, other, state in ((first, second, "backup"), (second, first, "active")):
        wait_until(lambda node=node: hears_all(node), 20, f"{node.name} hears its peer")
        wait_until(lambda node=node, state=state: peers(node)[0]["state"] == state, 5, "its state is known")
        (peer,) = peers(node)
        assert peer["node"] == other.name and peer["version"] and len(peer["fingerprint"]) == 64
    assert "r2" in first.cli("peers") and "r1" in second.cli("peers")


def test_router_that_offers_is_found_without_an_address(both: tuple[AgentNode, AgentNode]) -> None:
    first, second = both
    with pytest.raises(RuntimeError, match="no router on any link offers"):
        second.cli("join", code.make(), "--yes")
    assert "joined r1" in second.cli("join", offer(first)["code"], "--yes")
    for node in both:
        wait_until(lambda node=node: hears_all(node), 20, f"{node.name} hears its peer")


def test_key_is_nobody_elses_and_is_in_no_answer(both: tuple[AgentNode, AgentNode]) -> None:
    first, second = both
    join(first, second)
    for node in both:
        for path in keys(node).iterdir():
            assert path.stat().st_mode & 0o077 == 0 or path.name == "identity.crt", path
        assert keys(node).stat().st_mode & 0o777 == 0o700
        secret = (keys(node) / "identity.key").read_text().splitlines()[1]
        told = node.cli("status", "--json") + node.cli("peers", "--json") + node.cli("plan", "--json")
        assert secret not in told and secret not in (node.folder / "agent.log").read_text()


def test_code_is_good_once(both: tuple[AgentNode, AgentNode]) -> None:
    first, second = both
    shown = offer(first)
    second.cli("join", shown["addresses"][0], shown["code"], "--yes")
    with pytest.raises(RuntimeError, match="paired with r1 already|nobody may join|nobody offers|hung up"):
        second.cli("join", shown["addresses"][0], shown["code"], "--yes", "--name", "r3")


def test_three_wrong_codes_end_the_offer_and_leave_nothing(both: tuple[AgentNode, AgentNode]) -> None:
    first, second = both
    shown, wrong = offer(first), offer(second)["code"]
    for _ in range(3):
        with pytest.raises(RuntimeError, match="the code is wrong"):
            second.cli("join", shown["addresses"][0], wrong, "--yes")
    with pytest.raises(RuntimeError, match="nobody offers|hung up|nobody may join"):
        second.cli("join", shown["addresses"][0], shown["code"], "--yes")
    assert peers(first) == peers(second) == []


def test_mistyped_code_costs_no_try(both: tuple[AgentNode, AgentNode]) -> None:
    first, second = both
    shown = offer(first)
    mistyped = shown["code"][:-1] + ("0" if shown["code"][-1] != "0" else "1")
    for _ in range(4):
        with pytest.raises(RuntimeError, match="mistyped"):
            second.cli("join", shown["addresses"][0], mistyped, "--yes")
    second.cli("join", shown["addresses"][0], shown["code"].lower(), "--yes")


def test_unpaired_router_is_forgotten_on_both(both: tuple[AgentNode, AgentNode]) -> None:
    first, second = both
    join(first, second)
    second.cli("unpair", "r1")
    for node in both:
        wait_until(lambda node=node: peers(node) == [], 10, f"{node.name} has forgotten its peer")
    with pytest.raises(RuntimeError, match="no router of the name 'r1'"):
        second.cli("unpair", "r1")


def test_pulled_cable_between_the_routers_does_not_make_them_strangers(
    both: tuple[AgentNode, AgentNode], network: Network
) -> None:
    first, second = both
    join(first, second)
    before = peers(first)[0]["address"]
    router = network.routers["r2"]
    # On a busy machine the first connection may have come about over another link than the one between them.
    (segment,) = [each for each in SEGMENTS if router.address(each) == before]
    router.namespace.ip(f"link set {segment} down")
    wait_until(
        lambda: hears_all(first) and peers(first)[0]["address"] != before, 30, "they speak over another link"
    )


def test_agent_that_is_started_again_is_heard_again(both: tuple[AgentNode, AgentNode]) -> None:
    first, second = both
    join(first, second)
    second.kill_agent()
    wait_until(lambda: not hears_all(first), 10, "the peer is missed")
    second.start_agent()
    for node in both:
        wait_until(lambda node=node: hears_all(node), 20, f"{node.name} hears its peer again")


def test_everything_of_both_is_asked_of_either(both: tuple[AgentNode, AgentNode]) -> None:
    first, second = both
    join(first, second)
    assert {each["node"] for each in json.loads(second.cli("status", "--all", "--json"))} == {"r1", "r2"}
    assert json.loads(second.cli("status", "--node", "r1", "--json"))["state"] == "active"
    assert {each["node"] for each in json.loads(first.cli("events", "--all", "--json"))} == {"r1", "r2"}
    assert json.loads(first.cli("plan", "--node", "r2", "--json"))["node"] == "r2"
    second.cli("switchover", "--to", "r2")
    assert wait_settled(both).name == "r2"
    first.cli("maintenance", "on", "--node", "r2")
    first.wait_state("active")
    with pytest.raises(RuntimeError, match="no router of the name 'r9'"):
        first.cli("status", "--node", "r9")


def test_third_router_joins_and_all_know_each_other(build: Build) -> None:
    first, *others = nodes = gateway(AgentNode, build(3), (250, 150, 100))
    for node in others:
        join(first, node)
    for node in nodes:
        wait_until(lambda node=node: len(peers(node)) == 2 and hears_all(node), 30, f"{node.name} knows both")


def test_stranger_with_a_key_of_its_own_is_not_let_in(both: tuple[AgentNode, AgentNode]) -> None:
    first, second = both
    join(first, second)
    for name in ("identity.key", "identity.crt"):
        os.unlink(keys(second) / name)
    second.kill_agent()
    second.start_agent()
    wait_until(lambda: not hears_all(first), 10, "the peer with another key is not heard")
    assert peers(first)[0]["heard_ms"] is None
