# SPDX-License-Identifier: GPL-2.0-or-later
"""What the copy of connections costs on both nodes while nothing happens."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from bench.cost import lone_python, pss_kb
from bench.nodes import HavenAgent, Stock
from bench.table import Comparison
from bench.world import World, world

CROWD = 50_000
# Haven sends its table again every 30 s: one round is in it.
WINDOW_S = 35
# The tables are read and sent once more after the start.
SETTLE_S = 5
TICK = os.sysconf("SC_CLK_TCK")


class LoneAgent(HavenAgent):
    """haven whose agent has a Python of its own, so that it shares no page with anybody."""

    def agent_command(self) -> list[str]:
        """Start it with the copied interpreter."""
        return [str(lone_python(self.name)), "-m", "haven.agent.main"]


KINDS = {"haven": LoneAgent, "keepalived": Stock}


def idle_connections(_runs: int) -> Iterator[Comparison]:
    """Measure CPU and memory of what copies connections; once, as it is a mean over a long time."""
    rows = [
        Comparison(f"idle, +{CROWD}: {what} of the copy, {where}", unit)
        for what, unit in (("CPU", "%"), ("memory (PSS)", "MB"))
        for where in ("Active", "standby")
    ]
    for program, kind in KINDS.items():
        with world(kind, CROWD) as made:
            for row, value in zip(rows, cost(made), strict=True):
                row.of(program).append(value)
    yield from rows


def cost(made: World) -> list[float]:
    """Tell CPU in % of Active and standby, then their memory in MB."""
    time.sleep(SETTLE_S)
    both = [_pids(node) for node in (made.first, made.second)]
    before, began = [_cpu_s(pids) for pids in both], time.monotonic()
    time.sleep(WINDOW_S)
    passed = time.monotonic() - began
    shares = [100 * (_cpu_s(pids) - earlier) / passed for pids, earlier in zip(both, before, strict=True)]
    return shares + [sum(pss_kb(pid) for pid in pids) / 1024 for pids in both]


def _pids(node: HavenAgent | Stock) -> list[int]:
    if isinstance(node, Stock):
        return [node.conntrackd.process.pid]
    return [node.agent.pid, *node.pids_of("conntrackd")]


def _cpu_s(pids: list[int]) -> float:
    return sum(_own_and_children_s(pid) for pid in pids)


def _own_and_children_s(pid: int) -> float:
    # Fields 14 to 17 of proc_pid_stat(5); the agent asks conntrackd by a child that ends at once.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / TICK
