# SPDX-License-Identifier: GPL-2.0-or-later
"""A node whose haven comes from real packages, below a root of its own and run by a service there."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.lab import opkg_process
from tests.lab.agent_node import AgentNode
from tests.lab.network import Network
from tests.lab.wait import wait_until

ROOT = Path(__file__).resolve().parents[2]
OPKG = """#!/bin/sh
exec %(python)s -I %(process)s %(root)s "$@"
"""
# procd's part of the real script: programs that go on when it has ended.
SERVICE = """#!/bin/sh
haven() { name=$1; shift; exec %(python)s -I -B %(root)s/usr/lib/haven/haven.zip "$name" %(where)s "$@"; }
begin() { haven "$@" >>%(folder)s/"$1".log 2>&1 </dev/null & echo $! >%(root)s/"$1".pid; }
end() {
	[ -f %(root)s/"$1".pid ] || return 0
	pid=$(cat %(root)s/"$1".pid)
	kill "$pid" 2>/dev/null
	while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
	rm -f %(root)s/"$1".pid
}
case $1 in
start) begin havend --wait; begin haven-agent --root %(root)s ;;
stop) (haven haven stop) >/dev/null 2>&1; end haven-agent; end havend ;;
esac
exit 0
"""


def build_package(folder: Path, version: str, *names: str) -> list[Path]:
    """Build real packages of this checkout under another version."""
    copy = folder / f"sources-{version}"
    for name in ("src", "files", "luasrc", "openwrt-feed", "po"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    about = copy / "src/haven/__init__.py"
    about.write_text(about.read_text().replace(f'"{own_version()}"', f'"{version}"'))
    made = []
    for name in names or ("haven",):
        argv = [sys.executable, str(copy / "openwrt-feed/ipk.py"), name, str(folder)]
        environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000", "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(argv, check=True, capture_output=True, text=True, env=environment)
        made.append(Path(done.stdout.strip()))
    return made


def own_version() -> str:
    """Tell the version of this checkout."""
    from haven import VERSION

    return VERSION


class PackagedNode(AgentNode):
    """A node with a root, a package manager and a service."""

    def __init__(self, network: Network, name: str, **gateway: object) -> None:
        super().__init__(network, name, **gateway)
        for folder in ("etc/config", "etc/init.d", "bin"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        self.config_path = self.root / "etc/config/haven"
        facts = {"python": sys.executable, "root": self.root, "folder": self.folder}
        facts["process"] = opkg_process.__file__
        facts["where"] = f"--config {self.config_path} --run-dir {self.run_dir}"
        for place, text in (("bin/opkg", OPKG), ("etc/init.d/haven", SERVICE)):
            (self.root / place).write_text(text % facts)
            (self.root / place).chmod(0o755)
        for log in ("havend.log", "haven-agent.log"):
            network.logs[f"{log} on {name}"] = self.folder / log
        self.configure()

    def install(self, *packages: Path) -> "PackagedNode":
        """Install packages, which starts the service."""
        self.router.namespace.run(str(self.root / "bin/opkg"), "install", *map(str, packages))
        wait_until(self._agent_listens, 30, f"the agent on {self.name} listens")
        return self

    def service(self, action: str) -> None:
        """Start or stop the service."""
        self.router.namespace.run(str(self.root / "etc/init.d/haven"), action)

    def haven(self, *argv: str) -> list[str]:
        """Tell how the command that is installed is called."""
        archive = str(self.root / "usr/lib/haven/haven.zip")
        where = ["--config", str(self.config_path), "--run-dir", str(self.run_dir), "--root", str(self.root)]
        return [sys.executable, "-I", "-B", archive, "haven", *argv, *where]

    def cli(self, *argv: str) -> str:
        """Run the installed command."""
        return self.router.namespace.run(*self.haven(*argv))

    def upgrade(self, *words: object) -> "subprocess.CompletedProcess[str]":
        """Run `haven upgrade` to its end."""
        argv = ["ip", "netns", "exec", self.router.namespace.name, *self.haven("upgrade", *map(str, words))]
        return subprocess.run(argv, capture_output=True, text=True, timeout=300)

    def versions(self) -> dict[str, dict[str, str]]:
        """Tell what is installed on which router, by the command."""
        return json.loads(self.cli("upgrade", "--status", "--json"))["installed"]

    def _alive(self) -> "subprocess.Popen[bytes]":
        """The service's processes are nobody's children."""
        return None  # type: ignore[return-value]
