# SPDX-License-Identifier: GPL-2.0-or-later
"""What the programs cost while nothing happens: memory and CPU, with 1 and with 250 virtual routers."""

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.pair import PROGRAMS
from bench.table import Comparison
from tests.interop.keepalived import REAL_TIME, KeepalivedNode
from tests.lab.gateway import Side
from tests.lab.haven_node import SOURCES, HavenNode
from tests.lab.network import Network
from tests.lab.node import Node
from tests.lab.wait import wait_until

MANY = 250
WINDOW_S = 20
# Both programs repeat their announcements for some seconds after a takeover.
SETTLE_S = 10


class _Wide:
    """A gateway of many virtual routers on the LAN, each a group of its own."""

    count = MANY

    def sides(self) -> list[Side]:
        """List them: VRID 1 and on, an address each."""
        return [Side(f"v{n}", "lan", 4, n, (f"10.78.{n}.1/32",)) for n in range(1, self.count + 1)]


class WideHaven(_Wide, HavenNode):
    """havend with many virtual routers; a Python of its own, so that no page is shared with this one."""

    def config_text(self) -> str:
        """Write them without a group, as each is alone."""
        text = "config haven 'main'\n\toption enabled '1'\n\toption node '%s'\n" % self.name
        for side in self.sides():
            section = self._virtual_router(side)
            text += "\n" + section.replace("\toption group 'gateway'\n", "")
        return text

    def command(self) -> list[str]:
        """Start it with the copied interpreter."""
        paths = ["--config", str(self.config_path), "--run-dir", str(self.run_dir)]
        return [str(lone_python()), "-m", "haven.havend.main", *paths]

    def environment(self) -> dict[str, str]:
        """Let Python find the sources."""
        return {"PYTHONPATH": str(SOURCES)}

    def settled(self, state: str) -> bool:
        """Tell whether all are in a state."""
        try:
            return all(each["state"] == state for each in self.status()["virtual_routers"])
        except OSError:
            return False

    def pid(self) -> int:
        """Tell the process that does the work."""
        return self._alive().pid


class WideKeepalived(_Wide, KeepalivedNode):
    """keepalived with many virtual routers."""

    def config_text(self) -> str:
        """Write them without a sync group, as each is alone."""
        head = "global_defs {\n router_id %s\n notify_fifo %s\n script_user root\n%s\n}\n"
        instances = "\n".join(self._instance(side) for side in self.sides())
        return head % (self.name, self.fifo_path, REAL_TIME) + instances + "\n"

    def settled(self, state: str) -> bool:
        """Tell whether all are in a state."""
        self._read_fifo()
        return list(self.instances.values()) == [state] * self.count

    def pid(self) -> int:
        """Tell the process that does the work: the VRRP child."""
        return int((self.folder / "vrrp.pid").read_text())

    def parent_pid(self) -> int:
        """Tell the process that watches over it."""
        return self._alive().pid


def lone_python(word: str = "alone") -> Path:
    """Return a copy of this interpreter: shared pages would make the memory look smaller."""
    copy = Path(sys.executable).with_name(f"python-{word}")
    if not copy.exists():
        shutil.copy(os.path.realpath(sys.executable), copy)
    return copy


@contextmanager
def _wide_pair(program: str, count: int, interval: int) -> Iterator[tuple[Node, Node]]:
    kind = WideHaven if program == "haven" else WideKeepalived
    network = Network(2)
    try:
        nodes = []
        for name, priority, state in (("r1", 200, "active"), ("r2", 100, "backup")):
            node = kind(network, name, priority=priority, interval_ms=interval)
            node.count = count
            node.configure()
            nodes.append(node)
            node.start()
            wait_until(lambda node=node, state=state: node.settled(state), 60, f"{name} is {state}")
        yield nodes[0], nodes[1]
    finally:
        network.delete()


def idle_cost(runs: int) -> list[Comparison]:
    """Measure memory with 1 and 250 virtual routers, and CPU with 1 at 10 ms and 250 at 100 ms."""
    memory = {
        1: Comparison("memory (PSS) with 1 virtual router", "MB", limit=12),
        MANY: Comparison(f"memory (PSS) with {MANY} virtual routers", "MB", limit=16),
    }
    fast = [
        Comparison("CPU, 1 virtual router at 10 ms, Active", "%", bound=1.5),
        Comparison("CPU, 1 virtual router at 10 ms, Backup", "%", bound=1.5),
    ]
    cpu = [
        Comparison(f"CPU, {MANY} virtual routers at 100 ms, Active", "%", bound=1.5),
        Comparison(f"CPU, {MANY} virtual routers at 100 ms, Backup", "%", bound=1.5),
    ]
    for _ in range(runs):
        for program in PROGRAMS:
            with _wide_pair(program, 1, 1000) as (first, _second):
                memory[1].of(program).append(_pss_mb(first))
            with _wide_pair(program, 1, 10) as both:
                for row, share in zip(fast, _cpu_percent(both), strict=True):
                    row.of(program).append(share)
            with _wide_pair(program, MANY, 100) as both:
                for row, share in zip(cpu, _cpu_percent(both), strict=True):
                    row.of(program).append(share)
                memory[MANY].of(program).append(_pss_mb(both[0]))
    return [*memory.values(), *fast, *cpu]


def _pss_mb(node: Node) -> float:
    pids = {node.pid(), *([node.parent_pid()] if isinstance(node, WideKeepalived) else [])}
    return sum(pss_kb(pid) for pid in pids) / 1024


def pss_kb(pid: int) -> int:
    """Tell the memory of a process: pages that several share count in parts."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _cpu_percent(nodes: tuple[Node, Node]) -> list[float]:
    time.sleep(SETTLE_S)
    return cpu_percent([node.pid() for node in nodes], WINDOW_S)


def cpu_percent(pids: list[int], seconds: float) -> list[float]:
    """Measure how much of a processor each of these processes takes for a while."""
    before = [_cpu_ns(pid) for pid in pids]
    began = time.monotonic_ns()
    time.sleep(seconds)
    passed = time.monotonic_ns() - began
    return [100 * (_cpu_ns(pid) - earlier) / passed for pid, earlier in zip(pids, before, strict=True)]


def _cpu_ns(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])
    except FileNotFoundError:
        # A kernel without statistics of its scheduler counts in ticks.
        user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) * 1_000_000_000 // os.sysconf("SC_CLK_TCK")
