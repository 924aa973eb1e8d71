# SPDX-License-Identifier: GPL-2.0-or-later
"""Drills on a pair of the lab: their own figure beside the probe's, connections, and kills in the midst."""

import json
import random
import subprocess
import time
from collections.abc import Callable, Iterator

from bench.table import Comparison, Figures
from tests.lab.agent_node import AgentNode
from tests.lab.agent_pair import agent_gateway
from tests.lab.flows import Busy
from tests.lab.network import GATEWAY, Network
from tests.lab.test_pairing import join
from tests.lab.wait import now_ns, wait_until

# A drill each; both kinds take turns.
EACH = 4
CONNECTIONS = 200
TOLERANCE_MS, SHARE = 20.0, 0.1
KILLS = 4
# A drill whose maker has died is over so soon.
OVER_S = 40.0
VICTIMS = ("agent", "havend", "power", "command")


def drills(runs: int) -> Iterator[Comparison | Figures]:
    """Make EACH drills of each kind a run, with 200 connections and the lab's probe."""
    rows = {kind: _rows(kind) for kind in ("switchover", "hard")}
    network = Network(2)
    try:
        nodes = agent_gateway(network, interval_ms=1000)
        join(*nodes)
        busy = Busy(network, CONNECTIONS)
        for _ in range(runs * EACH):
            for kind, row in rows.items():
                _one(network, nodes, busy, kind, row)
    finally:
        network.delete()
    for row in rows.values():
        yield from row.values()


def _rows(kind: str) -> dict[str, Comparison]:
    least = CONNECTIONS if kind == "switchover" else None
    return {
        "own": Comparison(f"{kind} drill: its own figure", "ms"),
        "probe": Comparison(f"{kind} drill: the lab's probe", "ms"),
        "off": Comparison(f"{kind} drill: further off than 20 ms or a tenth", "ms", most=0),
        "kept": Comparison(f"{kind} drill: of {CONNECTIONS} connections", "", least=least),
    }


def _one(network: Network, nodes: list[AgentNode], busy: Busy, kind: str, row: dict[str, Comparison]) -> None:
    for node in nodes:
        node.cli("status", "--wait")
    (active,) = [node for node in nodes if node.state() == "active"]
    probe = network.probe()
    probe.wait_service()
    result = json.loads(active.cli("drill", f"--{kind}", "--json"))
    since = now_ns()
    _in_time(lambda: busy.moving_since(since) == CONNECTIONS, 10)
    measured = probe.stop().longest_gap_ms
    own = result["legs"][0]["outage_ms"]
    row["own"].haven.append(own)
    row["probe"].haven.append(measured)
    row["off"].haven.append(max(0.0, abs(own - measured) - max(TOLERANCE_MS, SHARE * measured)))
    row["kept"].haven.append(busy.moving_since(since))


def drill_kills(runs: int) -> Iterator[Comparison]:
    """Kill the agent, havend, the power or the command of the router that makes it, at random moments."""
    rng = random.Random(16)
    two = Comparison("killed in the midst: routers that are Active in the end, other than one", "", most=0)
    left = Comparison("killed in the midst: leftovers", "", most=0)
    settled = Comparison("killed in the midst: one is Active again after", "s")
    for number in range(runs * KILLS):
        network = Network(2)
        try:
            nodes = agent_gateway(network, interval_ms=1000)
            join(*nodes)
            for node in nodes:
                node.cli("status", "--wait")
            victim, kind = VICTIMS[number % len(VICTIMS)], ("--hard", "--switchover")[number // 4 % 2]
            took = _kill(network, nodes[0], victim, kind, rng.uniform(0.3, 6.0))
            settled.haven.append(took)
            two.haven.append(_wrong_actives(network, nodes))
            left.haven.append(_leftovers(network, nodes))
            print(f"{victim} {kind}: {took:.1f} s, {left.haven[-1]} leftovers", flush=True)
        finally:
            network.delete()
    yield from (two, left, settled)


def _kill(network: Network, maker: AgentNode, victim: str, kind: str, after_s: float) -> float:
    """Kill somebody after so long, start it again as procd or the power would; return until one is Active."""
    command = _begin(maker, kind)
    time.sleep(after_s)
    if victim == "command":
        command.kill()
    elif victim == "agent":
        maker.kill_agent()
        maker.start_agent()
    elif victim == "havend":
        maker.kill9()
        maker.start()
    else:
        # Else the kernel of a router that is cut off keeps what its connections have not said yet.
        maker.router.namespace.sysctl(ipv4__tcp_orphan_retries=1)
        network.power_cut(maker.name)
    began = time.monotonic()
    wait_until(lambda: len(network.holders(GATEWAY)) >= 1, 30, "somebody holds the address")
    took = time.monotonic() - began
    if victim == "power":
        time.sleep(1)
        network.power_on(maker.name)
        maker.configure()
        maker.start()
    command.wait(OVER_S + 60)
    return took


def _in_time(condition: Callable[[], bool], budget: float) -> bool:
    try:
        return bool(wait_until(condition, budget, "it is so"))
    except TimeoutError:
        return False


def _begin(maker: AgentNode, kind: str) -> "subprocess.Popen[bytes]":
    argv = [*maker.cli_command(), "drill", kind, "--back"]
    with open(maker.folder / "drill.log", "ab") as log:
        return maker.router.namespace.spawn(argv, log, maker.environment())


def _wrong_actives(network: Network, nodes: list[AgentNode]) -> float:
    def one() -> bool:
        states = sorted(str(node.state()) for node in nodes)
        return states == ["active", "backup"] and len(network.holders(GATEWAY)) == 1

    return 0 if _in_time(one, 60) else 1


def _leftovers(network: Network, nodes: list[AgentNode]) -> float:
    """Count what a drill has left behind when its time is over: notes, and rules that match."""

    def none() -> bool:
        return not any(_has_left(node) for node in nodes)

    return 0 if _in_time(none, OVER_S) else 1


def _has_left(node: AgentNode) -> bool:
    rules = node.router.namespace.run("nft", "list", "ruleset")
    return (node.run_dir / "drill.json").exists() or "haven_drill" in rules
