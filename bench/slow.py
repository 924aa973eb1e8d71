# SPDX-License-Identifier: GPL-2.0-or-later
"""A router as slow as the machine that this runs on: what haven takes, and what it does when it forwards.

`python -m bench --runs 20 --minutes 20 slow` belongs on a small virtual machine, of one processor; the same
on a fast one tells what to compare with.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from statistics import median

from bench.cost import pss_kb
from bench.heartbeat import forwarding
from bench.nodes import HavenAgent
from bench.pair import pair
from bench.table import Figures
from bench.world import world
from tests.lab import firewall
from tests.lab.flows import Crowd
from tests.lab.haven_node import HavenNode
from tests.lab.network import Network
from tests.lab.test_connections_many import told
from tests.lab.wait import now_ns, wait_until
from tests.machines.page import note
from tests.vm import old_filters

INTERVALS_MS = (1000, 100, 20)
# An Active repeats its announcements for some seconds.
SETTLED_S = 8
TAKEN_OVER_S = 5
# How long gaps are looked for with each load.
GAPS_S = 20
LOADS = ("at rest", "forwarding", "compiling")
COPYING = "copying"
# What OpenWrt's kernel holds at most on a router of 128 MB.
FULL_TABLE = 16_000
# Which the slowest bears; the first of them have not ended by then.
FILLED_A_SECOND = 1_500


def slow_routers(interval_ms: int, runs: int, minutes: float) -> Iterator[Figures]:
    """Start, cut the power, forward as much as can be."""
    with old_filters.where_needed():
        found = Figures(f"{_machine()}, {interval_ms} ms")
        for _ in range(runs):
            found.add(_power_cut(interval_ms))
        found.add({**_gaps(interval_ms), **_forwarding(interval_ms, minutes)})
        _note(interval_ms, found)
        yield found


def _machine() -> str:
    meminfo = Path("/proc/meminfo").read_text().split()
    count, share = os.cpu_count(), os.environ.get("HAVEN_VM_SHARE")
    processors = f"{share} % of a processor" if share else f"{count} processor{'s' * (count != 1)}"
    return f"{processors}, {int(meminfo[1]) // 1024} MB"


def _power_cut(interval_ms: int) -> dict[str, float]:
    with pair("haven", interval_ms=interval_ms) as (network, first, second):
        assert isinstance(second, HavenNode)
        wait_until(lambda: second.group()["detection"]["by"] == "heartbeat", 30, "it is trusted")
        measured = {"start to Backup, s": _start_s(second), "memory, MB": _memory_mb(second, "Pss")}
        probe = network.probe()
        probe.wait_service()
        # It bears with silences as long as those that the start of the probe's programs made.
        second.stop(60)
        second.start().wait_state("backup", 120)
        wait_until(lambda: second.group()["detection"]["by"] == "heartbeat", 30, "it is trusted")
        time.sleep(SETTLED_S)
        # The standby alone has the processor then, as it has where the two are two machines.
        network.power_loss(first.name)
        time.sleep(TAKEN_OVER_S)
        probe.wait_service()
        return {
            **measured,
            "outage, ms": probe.stop().longest_gap_ms,
            "peak, MB": _memory_mb(second, "VmHWM"),
        }


def _start_s(node: HavenNode) -> float:
    """Start it once more; its plan is made anew, as after a boot."""
    node.stop(60)
    (node.run_dir / "plan.json").unlink(missing_ok=True)
    began = now_ns()
    node.start().wait_state("backup", 120)
    return (now_ns() - began) / 1e9


def _memory_mb(node: HavenNode, what: str) -> float:
    pid = int(node.status()["pid"])
    if what == "Pss":
        return pss_kb(pid) / 1024
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) / 1024


def _gaps(interval_ms: int) -> dict[str, float]:
    """Tell the longest time between two ADVERTISEMENTs of an Active that has other work, in ms."""
    found = {}
    with pair("haven", interval_ms=interval_ms) as (network, first, _second):
        assert isinstance(first, HavenNode) and isinstance(network, Network)
        loads = (nullcontext(), forwarding(network), _compiling(first))
        for what, load in zip(LOADS, loads, strict=True):
            capture = network.capture("lan")
            with load:
                time.sleep(GAPS_S)
                found[f"gap {what}, ms"] = capture.longest_gap_ns(first.name) / 1e6
    return {**found, f"gap {COPYING}, ms": _gap_copying(interval_ms)}


def _gap_copying(interval_ms: int) -> float:
    """Tell the same of an Active whose conntrackd is started again and again, and reads a full table."""
    with world(HavenAgent, interval_ms=interval_ms) as made:
        assert isinstance(made.first, HavenAgent)
        Crowd(made.network, FILLED_A_SECOND).fill(FULL_TABLE)
        capture, until = made.network.capture("lan"), now_ns() + GAPS_S * 1_000_000_000
        while now_ns() < until:
            made.first.kill_conntrackd()
            # As many as are there: some have ended, and a slow kernel takes fewer.
            there = firewall.entries(made.first.router.namespace)
            wait_until(
                lambda there=there: told(made.first) >= there // 2, 120, "conntrackd has read the table"
            )
        return capture.longest_gap_ns(made.first.name) / 1e6


@contextmanager
def _compiling(node: HavenNode) -> Iterator[None]:
    """Let a router make its plan again and again."""
    words = [f"{key}={value}" for key, value in node.environment().items()]
    argv = ["env", *words, *node.cli_command(), "plan"]
    again = 'while :; do "$@" >/dev/null; done'
    process = node.router.namespace.spawn(["sh", "-c", again, "sh", *argv])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _forwarding(interval_ms: int, minutes: float) -> dict[str, float]:
    with pair("haven", interval_ms=interval_ms) as (network, _first, second):
        assert isinstance(second, HavenNode) and isinstance(network, Network)
        with forwarding(network):
            time.sleep(60 * minutes)
        counters = [each["counters"]["became_active"] for each in second.status()["virtual_routers"]]
        return {"false takeovers": max(counters)}


def _note(interval_ms: int, found: Figures) -> None:
    told = {key: median(values) for key, values in found.values.items()}
    memory = f"{told['memory, MB']:.1f} MB, at most {told['peak, MB']:.1f}"
    outages = found.values["outage, ms"]
    gaps = " / ".join(f"{told[f'gap {what}, ms']:.0f}" for what in (*LOADS, COPYING))
    note(
        "slow",
        [
            _machine(),
            f"{interval_ms} ms",
            f"{told['start to Backup, s']:.1f} s",
            memory,
            f"{median(outages):.0f} ms ({min(outages):.0f} to {max(outages):.0f}, {len(outages)} cuts)",
            f"{gaps} ms",
            f"{told['false takeovers']:.0f}",
        ],
    )
