# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory runs out: the kernel kills whoever else is there before havend."""

import contextlib
import json
import signal
import subprocess
import sys
from pathlib import Path

from haven.paths import PENDING_HISTORY
from tests.lab.agent_node import AgentNode
from tests.lab.haven_node import HavenNode
from tests.lab.wait import wait_until
from tests.vm.alone import Alone

# What it writes stays when it is killed, and has to be paid for by somebody.
FILL = "echo $$ >%s/cgroup.procs; exec dd if=/dev/zero of=%s bs=1M count=1000"
OTHER = "10.99.0.3"
BYSTANDER = "import sys, time; print(len(bytearray(4 << 20)), flush=True); time.sleep(600)"


def test_havend_goes_on_where_all_others_are_killed(lab: None, short: Path) -> None:
    alone = Alone()
    node = HavenNode(alone, "r1").start().wait_state("active", 60)
    assert node.process is not None
    pid, filling = node.process.pid, alone.folder / "filling"
    (short / "cgroup.procs").write_text(str(pid))
    others = [subprocess.Popen([sys.executable, "-c", BYSTANDER], stdout=subprocess.PIPE) for _ in range(2)]
    for other in others:
        assert other.stdout is not None and other.stdout.readline()
        (short / "cgroup.procs").write_text(str(other.pid))
        # The greatest of them is havend.
        assert _resident(other.pid) < _resident(pid)
    for _ in range(4):
        subprocess.run(["sh", "-c", FILL % (short, filling)], check=False, capture_output=True)
    assert "oom_kill 0" not in (short / "memory.events").read_text().splitlines()
    sent = node.virtual_router("lan")["counters"]["sent"]
    wait_until(lambda: node.virtual_router("lan")["counters"]["sent"] > sent + 5, 30, "it advertises")
    assert node.running and node.status()["pid"] == pid and node.holds()
    for other in others:
        other.kill()
        other.wait()
    filling.unlink()
    alone.delete()


def test_an_agent_that_was_killed_comes_back_and_nothing_is_half_written(lab: None, short: Path) -> None:
    alone = Alone()
    node = AgentNode(alone, "r1")
    node.sync_peers = (OTHER,)
    node.configure()
    node.start().wait_state("active", 60)
    wait_until(lambda: node.pids_of("conntrackd"), 60, "conntrackd runs")
    assert node.agent is not None and node.process is not None
    for pid in node.router.namespace.pids():
        (short / "cgroup.procs").write_text(str(pid))
    filling = alone.folder / "filling"
    while node.agent.poll() is None:
        subprocess.run(["sh", "-c", FILL % (short, filling)], check=False, capture_output=True)
    assert node.agent.returncode == -signal.SIGKILL
    filling.unlink()
    texts = {path.name: path.read_text() for path in node.run_dir.glob("*.json")}
    assert texts and [name for name, text in texts.items() if not _is_whole(name, text)] == []
    wait_until(lambda: "agent-silent" in _codes(node), 60, "havend misses the agent")
    node.start_agent()
    wait_until(lambda: "agent-silent" not in _codes(node), 60, "the agent is there again")
    wait_until(lambda: node.conntrack().get("state") == "running", 60, "conntrackd takes orders again")
    assert node.running and node.holds()
    for each in (node.agent, node.process):
        each.kill()
        each.wait()
    alone.delete()


def _is_whole(name: str, text: str) -> bool:
    # What waits for the flash is a document a line, and often none.
    with contextlib.suppress(ValueError):
        return all(json.loads(each) for each in (text.splitlines() if name == PENDING_HISTORY else [text]))
    return False


def _codes(node: HavenNode) -> set[str]:
    return {each["code"] for each in node.problems()}


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
