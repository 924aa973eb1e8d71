# SPDX-License-Identifier: GPL-2.0-or-later
"""A failover rehearsed on a living pair, and what is remembered of it."""

import json

from tests.lab.agent_node import AgentNode
from tests.lab.agent_pair import agent_gateway, wait_no_problem
from tests.lab.network import Network
from tests.lab.outage import STALL_MS
from tests.lab.pair import wait_settled
from tests.lab.test_pairing import join
from tests.lab.wait import wait_until


def is_clean(node: AgentNode) -> bool:
    """Tell whether nothing of a drill is left on a router."""
    rules = node.router.namespace.run("nft", "list", "ruleset")
    return "haven_drill" not in rules and not (node.run_dir / "drill.json").exists()


def event_codes(node: AgentNode) -> list[str]:
    return [each["code"] for each in node.events()]


def past(node: AgentNode) -> dict:
    return json.loads(node.cli("history", "--json"))


def test_a_power_cut_is_rehearsed_measured_and_remembered_and_a_second_one_waits(network: Network) -> None:
    first, second = agent_gateway(network, interval_ms=100)
    join(first, second)
    for node in (first, second):
        wait_no_problem(node)
        node.cli("status", "--wait")
    probe = network.probe()
    probe.wait_service()
    argv = [*first.cli_command(), "drill", "--hard", "--back", "--json"]
    with open(first.folder / "drill.log", "wb") as log:
        drill = first.router.namespace.spawn(argv, log, first.environment())
    is_held = (second.run_dir / "drill.json").exists
    wait_until(lambda: is_held() or drill.poll() is not None, 20, "r2 is held")
    refused = _refusal(second)
    assert drill.wait(120) == 0, (first.folder / "drill.log").read_text()
    result = json.loads((first.folder / "drill.log").read_text())
    measured = probe.stop()
    there, back = result["legs"]
    assert (there["from"], there["to"], back["to"]) == ("r1", "r2", "r1")
    # How near the two are the bench says, as a busy machine holds each up for as long as it likes.
    assert abs(there["outage_ms"] - measured.longest_gap_ms) < STALL_MS and there["outage_ms"] > 0
    assert measured.longest_gap_ms > 0
    # Held by r1's, or not the Active any more, or not well in its midst: never a second one.
    assert "exit status 1" in refused
    wait_until(lambda: is_clean(first) and is_clean(second), 10, "nothing is left")
    wait_settled([first, second])
    for node in (first, second):
        wait_until(lambda node=node: node.status().get("drills"), 10, "the status has the drill")
        assert node.status()["drills"][-1]["legs"] == result["legs"]
        wait_until(lambda node=node: "drill-done" in event_codes(node), 10, "there is an event of it")
    wait_until(lambda: past(second)["drills"] and past(second)["outages"], 10, "it is remembered")
    told = past(second)
    assert [lane["node"] for lane in told["nodes"]] == ["r2", "r1"]
    assert len(told["drills"]) == 1 and told["outages"][0]["node"] == "r2"
    assert told["availability"]["day"]["count"] == 1


def _refusal(node: AgentNode) -> str:
    try:
        return node.cli("drill", "--json")
    except Exception as why:
        return str(why)
