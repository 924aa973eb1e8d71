# SPDX-License-Identifier: GPL-2.0-or-later
"""havend on MicroPython beside havend on CPython: memory, processor, and the outage after a power cut.

The build is the one in HAVEN_MICROPYTHON, the one on PyPI otherwise, whose memory is that of CPython. What is
measured is the package: its bytecode, not the sources.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench.cost import SETTLE_S, WINDOW_S, WideHaven, cpu_percent, pss_kb
from tests.lab.haven_node import HavenNode
from tests.lab.micro_node import PlannedNode
from tests.lab.network import Network
from tests.lab.pair import pair
from tests.lab.wait import wait_until

FEED = Path(__file__).resolve().parents[1] / "openwrt-feed"
MANY = 50
INTERVAL_MS = 100
# What is wanted: MB with two virtual routers and with many, and the outage over CPython's.
MOST_MB = {2: 1.5, MANY: 3.0}
MOST_OUTAGE = 1.2
SETTLED_S = 8


@dataclass
class Kinds:
    """What both kinds of havend measured of one thing; `limit` and `bound` are for MicroPython's median."""

    what: str
    unit: str
    micro: list[float] = field(default_factory=list)
    cpython: list[float] = field(default_factory=list)
    limit: float | None = None
    bound: float | None = None

    def heading(self) -> str:
        """Return the lines above the rows."""
        return f"\n{'':44} {'MicroPython':>12} {'CPython':>12}"

    def row(self) -> str:
        """Return the line."""
        mark = "" if self.kept() else "  MISSED"
        shown = [f"{median(each):9.2f} {self.unit}" for each in (self.micro, self.cpython)]
        return f"{self.what:44} {shown[0]} {shown[1]}{mark}"

    def kept(self) -> bool:
        """Tell whether every bound is kept."""
        found = median(self.micro)
        within = self.limit is None or found <= self.limit
        return within and (self.bound is None or found <= self.bound * median(self.cpython))


class _Packaged(PlannedNode):
    """The small node as its package has it."""

    def command(self) -> list[str]:
        """Start its bytecode."""
        program = str(_package() / "usr/sbin/havend-micro")
        return [program, "--plan", str(self.plan_path), "--run-dir", str(self.run_dir)]

    def environment(self) -> dict[str, str]:
        """Name the build that runs it."""
        build = os.environ.get("HAVEN_MICROPYTHON") or str(Path(sys.executable).parent / "micropython")
        return {"HAVEN_MICROPYTHON": build}


class _WideMicro(_Packaged, WideHaven):
    """The small node with many virtual routers."""

    count = MANY


class _WideCpython(WideHaven):
    count = MANY


_made: list[Path] = []


def _package() -> Path:
    if not _made:
        _made.append(Path(tempfile.mkdtemp(prefix="haven-micro-")))
        subprocess.run([sys.executable, FEED / "ipk.py", "--into", _made[0], "haven-micro"], check=True)
    return _made[0]


def micro_nodes(runs: int) -> Iterator[Kinds]:
    """Measure both, one after the other in each run."""
    try:
        for count in MOST_MB:
            yield from _costs(count)
        yield from _power_cuts(runs)
    finally:
        for folder in _made:
            shutil.rmtree(folder)


@contextmanager
def _network() -> Iterator[Network]:
    network = Network(2)
    try:
        yield network
    finally:
        network.delete()


def _power_cuts(runs: int) -> list[Kinds]:
    quick = Kinds("outage after a power cut, default settings", "ms", bound=MOST_OUTAGE)
    plain = Kinds(f"outage after a power cut, {INTERVAL_MS} ms adverts", "ms", bound=MOST_OUTAGE)
    for _ in range(runs):
        for kind, of in ((_Packaged, "micro"), (HavenNode, "cpython")):
            getattr(quick, of).append(_outage(kind))
            getattr(plain, of).append(_outage(kind, interval_ms=INTERVAL_MS, group_more={"heartbeat": 0}))
    return [quick, plain]


def _outage(kind: type[HavenNode], **gateway: object) -> float:
    with _network() as network:
        _first, second = pair(kind, network, **gateway)
        if not gateway:
            wait_until(second.asks_kernel, 60, "the answers are trusted")
            time.sleep(SETTLED_S)
        probe = network.probe()
        probe.wait_service()
        network.power_cut("r1")
        second.wait_state("active")
        probe.wait_service()
        return float(probe.stop().longest_gap_ms)


def _costs(count: int) -> list[Kinds]:
    memory = Kinds(f"PSS of an Active, {count} virtual routers", "MB", limit=MOST_MB[count])
    processor = Kinds(f"CPU of an Active, {count} at {INTERVAL_MS} ms", "% ")
    for kind, of in ((_WideMicro, "micro"), (_WideCpython, "cpython")):
        kind.count = count
        with _network() as network:
            node = kind(network, "r1", interval_ms=INTERVAL_MS)
            node.start()
            wait_until(lambda node=node: node.settled("active"), 60, "all are Active")
            time.sleep(SETTLE_S)
            getattr(processor, of).extend(cpu_percent([node.pid()], WINDOW_S))
            getattr(memory, of).append(pss_kb(node.pid()) / 1024)
    return [memory, processor]
