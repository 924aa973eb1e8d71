# SPDX-License-Identifier: GPL-2.0-or-later
"""What havend and haven-agent take of memory, installed as on a router, with a Python of their own."""

import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.cost import cpu_percent, pss_kb
from bench.start import BUILD
from bench.table import Figures
from tests.lab.agent_node import AgentNode
from tests.lab.common_node import CommonNode, in_sync
from tests.lab.haven_node import SOURCES, HavenNode
from tests.lab.network import Network
from tests.lab.pair import pair
from tests.lab.test_pairing import join
from tests.lab.wait import wait_until
from tests.package.installed import command, run_uci_defaults

INTERVAL_MS = 1000
SETTLE_S = 6.0
IDLE_S = 20.0
# What the compiler of the plan needs of others' modules.
MODULES = ("pyroute2", "jinja2", "markupsafe")
# An empty loop, and what each of the two cannot do without.
FLOORS = {
    "an empty loop": "",
    "and os, sockets, JSON in C": "import os, select, struct, errno, gc, fcntl, _socket, _signal, _json",
    "and socket, signal, json": "import os, select, struct, errno, gc, fcntl, socket, signal, json",
}


class ResidentNode(CommonNode):
    """A node whose programs come from the package."""

    router_root = python = Path()
    renew_s = 30
    copies, shares = True, False

    def config_text(self) -> str:
        """Write what this kind of node is to do."""
        text = AgentNode.config_text(self) if self.copies else HavenNode.config_text(self)
        return text + ("\nconfig sync 'sync'\n\toption enabled '1'\n" if self.shares else "")

    def command(self) -> list[str]:
        """Start the installed havend."""
        where = ("--config", str(self.config_path), "--run-dir", str(self.run_dir))
        return command(self.router_root, "usr/sbin/havend", *where, python=str(self.python))

    def agent_command(self) -> list[str]:
        """Start the installed agent."""
        return command(self.router_root, "usr/sbin/haven-agent", python=str(self.python))

    def environment(self) -> dict[str, str]:
        """Let Python find its library, and the command its sources."""
        return {"LD_LIBRARY_PATH": str(self.python.parents[1] / "lib"), "PYTHONPATH": str(SOURCES)}


class AloneNode(ResidentNode):
    """Without connections to copy."""

    copies = False


class SharingNode(ResidentNode):
    """With one configuration on both."""

    shares = True


KINDS = (
    ("unpaired", AloneNode, False),
    ("unpaired, connections copied", ResidentNode, False),
    ("paired, connections copied", ResidentNode, True),
    ("one configuration, connections copied", SharingNode, True),
)


def resident(_runs: int) -> Iterator[Figures]:
    """Measure PSS, which is exact but for a few kB, and processor time with nothing to do; once."""
    with tempfile.TemporaryDirectory(prefix="haven-bench-") as name:
        root = Path(name) / "router"
        subprocess.run([sys.executable, str(BUILD), "--into", str(root), "haven"], check=True)
        run_uci_defaults(root)
        ResidentNode.router_root, ResidentNode.python = root, _python_alone(Path(name) / "python")
        for what, code in FLOORS.items():
            yield _floor(what, code)
        for what, kind, paired in KINDS:
            yield _measure(what, kind, paired)


def _python_alone(folder: Path) -> Path:
    """Make a Python with nothing but what a router has: no page of it is shared with another program here."""
    library, packages = Path(sysconfig.get_path("stdlib")), Path(sysconfig.get_path("purelib"))
    inner = folder / "lib" / library.name
    (inner / "site-packages").mkdir(parents=True)
    (folder / "bin").mkdir()
    shutil.copy(Path(sys.executable).resolve(), folder / "bin/python3")
    for shared in library.parent.glob("libpython*.so.*"):
        shutil.copy(shared, folder / "lib")
    for path in (path for path in library.iterdir() if path.name != "site-packages"):
        (inner / path.name).symlink_to(path)
    for module in MODULES:
        (inner / "site-packages" / module).symlink_to(packages / module)
    return folder / "bin/python3"


def _floor(what: str, code: str) -> Figures:
    python = ResidentNode.python
    argv = [str(python), "-I", "-S", "-c", f"{code}\nimport time\nprint(flush=True)\ntime.sleep(60)"]
    environment = {"LD_LIBRARY_PATH": str(python.parents[1] / "lib")}
    with subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        found = Figures(f"Python: {what}")
        found.add({"PSS MB": pss_kb(process.pid) / 1024})
        process.kill()
    return found


def _measure(what: str, kind: type[ResidentNode], paired: bool) -> Figures:
    network = Network(2)
    try:
        first, second = pair(kind, network, interval_ms=INTERVAL_MS)
        for node in (first, second) if kind.copies else ():
            node.wait_in_sync()
        if paired:
            join(first, second)
        if kind.shares:
            wait_until(lambda: in_sync(first) and in_sync(second), 30, "both have one configuration")
        time.sleep(SETTLE_S)
        assert first.process is not None and first.agent is not None
        pids = [first.process.pid, first.agent.pid]
        shares = cpu_percent(pids, IDLE_S)
        # Now no other router's programs share the pages of this one's.
        second.kill9()
        second.kill_agent()
        sizes = [pss_kb(pid) / 1024 for pid in pids]
    finally:
        network.delete()
    found = Figures(what)
    found.add({"havend MB": sizes[0], "haven-agent MB": sizes[1], "both MB": sum(sizes)})
    found.add({"havend % of a core": shares[0], "haven-agent % of a core": shares[1]})
    return found
