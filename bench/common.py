# SPDX-License-Identifier: GPL-2.0-or-later
"""One configuration between two living routers: how soon a change is on the other, and what that costs."""

import time
from collections.abc import Iterator

from bench.cost import cpu_percent, pss_kb
from bench.sync import leases as static_leases
from bench.table import Figures
from haven.agent.channel.common_config import TRIAL_S
from haven.config.uci.package import write_package
from tests.lab.common_node import CommonNode, in_sync
from tests.lab.network import Network
from tests.lab.pair import pair
from tests.lab.test_pairing import join
from tests.lab.wait import wait_until

EDITS = 10
RULE = "config rule\n\toption name 'number %d'\n\toption src 'wan'\n\toption target 'ACCEPT'\n"
LONGEST_S = 60
LOOK_S = 0.01
IDLE_S = 30.0


def common_changes(runs: int) -> Iterator[Figures]:
    """Measure the times of changes, and the agents' processor time and memory with nothing to do."""
    arrival = Figures("one configuration: a change is on the other router after, s")
    cost = Figures("haven-agent with one configuration and nothing to do")
    for _ in range(runs):
        network = Network(2)
        try:
            _measure(network, arrival, cost)
        finally:
            network.delete()
    yield arrival
    yield cost


def _measure(network: Network, arrival: Figures, cost: Figures) -> None:
    first, second = pair(CommonNode, network)
    join(first, second)
    wait_until(lambda: in_sync(first) and in_sync(second), 30, "both have one configuration")
    times = sorted(_edit_s(first, second, number) for number in range(EDITS))
    leases = _leases_s(second, first)
    arrival.add({"an option, median": times[EDITS // 2], "longest": times[-1], "1000 leases": leases})
    cost.add(_cost(first, second))


def _cost(*nodes: CommonNode) -> dict[str, float]:
    # Until then what has come is on trial, and something is to be done.
    time.sleep(TRIAL_S + LOOK_S)
    pids = [node.agent.pid for node in nodes if node.agent is not None]
    return {"% of a core": max(cpu_percent(pids, IDLE_S)), "PSS MB": max(map(pss_kb, pids)) / 1024}


def _edit_s(here: CommonNode, there: CommonNode, number: int) -> float:
    # At another moment of the second in which the agents look.
    time.sleep(number / EDITS)
    return _arrival_s(here, there, "firewall", RULE % number)


def _leases_s(here: CommonNode, there: CommonNode) -> float:
    return _arrival_s(here, there, "dhcp", write_package(static_leases()))


def _arrival_s(here: CommonNode, there: CommonNode, package: str, text: str) -> float:
    here.package(package).write_text(text)
    began = time.monotonic()
    words = sorted(text.split())
    wait_until(lambda: sorted(there.text(package).split()) == words, LONGEST_S, "it is there", LOOK_S)
    return time.monotonic() - began
