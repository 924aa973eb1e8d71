# SPDX-License-Identifier: GPL-2.0-or-later
"""A router in its factory state in a namespace: a folder for its root, netifd or a stand-in, and haven.

HAVEN_TEST_NETIFD and HAVEN_TEST_UBUSD name the programs of OpenWrt for the same tests.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from haven.setup.trial import read_note
from tests.lab.haven_node import SOURCES
from tests.lab.namespace import Namespace
from tests.lab.network import memory_folder
from tests.lab.wait import wait_until
from tests.setup.factory import TEXTS

NETIFD, UBUSD = (os.environ.get(f"HAVEN_TEST_{name}", "") for name in ("NETIFD", "UBUSD"))
KINDS = ["stand-in", "netifd"] if NETIFD and UBUSD else ["stand-in"]
ROOT = Path(__file__).parents[2]

RELOAD = "from haven.ubus.client import call; call('network', 'reload')"
# procd's part of the real script: programs that go on when it has ended.
HAVEN = """#!/bin/sh
echo "haven $1" >>%(root)s/calls
stop() {
	%(python)s -m haven.cli.main --run-dir %(run_dir)s stop
	[ ! -e %(root)s/agent ] || kill $(cat %(root)s/agent)
}
case $1 in
start)
	grep -q "enabled '1'" %(root)s/etc/config/haven || exit 0
	%(python)s -m haven.havend.main --wait %(where)s >>%(root)s/havend.log 2>&1 </dev/null &
	%(python)s -m haven.agent.main --root %(root)s %(where)s >>%(root)s/agent.log 2>&1 </dev/null &
	echo $! >%(root)s/agent
	;;
stop) stop; rm -f %(root)s/agent ;;
esac >/dev/null 2>&1
exit 0
"""
NETWORK = """#!/bin/sh
echo "network $1" >>%(root)s/calls
[ "$1" != reload ] || exec %(python)s -c "%(reload)s"
"""


@contextmanager
def short_folder() -> Iterator[Path]:
    """Make a folder whose path leaves room for that of a socket."""
    with tempfile.TemporaryDirectory(prefix="hv", dir=memory_folder()) as name:
        yield Path(name)


class FactoryRouter:
    """One router, whose LAN has the port lan1."""

    def __init__(self, root: Path, word: str, number: int, kind: str = "stand-in", **texts: str) -> None:
        self.namespace = Namespace(word, number)
        self.root, self.kind = root, kind
        self.run_dir, self.bus = root / "var/run/haven", root / "ubus.sock"
        for folder in ("etc/config", "etc/init.d", "var/run", "netifd"):
            (root / folder).mkdir(parents=True)
        for name, text in {**TEXTS, **texts}.items():
            (root / "etc/config" / name).write_text(text)
        facts = {"root": root, "run_dir": self.run_dir, "python": sys.executable, "reload": RELOAD}
        facts["where"] = f"--config {root}/etc/config/haven --run-dir {self.run_dir}"
        for name, script in (("haven", HAVEN), ("network", NETWORK)):
            (root / "etc/init.d" / name).write_text(script % facts)
            (root / "etc/init.d" / name).chmod(0o755)

    @property
    def environment(self) -> dict[str, str]:
        """What every program of this router has."""
        return {"PYTHONPATH": f"{SOURCES}:{ROOT}", "HAVEN_UBUS_SOCKET": str(self.bus)}

    def boot(self, computer: Namespace, port: str) -> None:
        """Lay a cable from the LAN to a computer's port, bring the network up, and wait for it."""
        cable = f"link add lan1 type veth peer name {port} netns {computer.name}"
        bridge = ("link add br-lan type bridge", "link set lan1 master br-lan up")
        # netifd makes the bridge by itself.
        self.namespace.ip("link set lo up", cable, *(bridge if self.kind == "stand-in" else ()))
        computer.ip(f"link set {port} up")
        with open(self.root / "netifd.log", "wb") as log:
            for argv in self._netifd():
                self.namespace.spawn(argv, log, self.environment)
                wait_until(self.bus.exists, 20, "ubusd listens")
        wait_until(lambda: "192.168.1.1" in self.addresses("br-lan"), 30, "the LAN is up")
        wait_until(self._has_link_local, 30, "IPv6 runs on the LAN")

    def _has_link_local(self) -> bool:
        links = self.namespace.ip_json("-6", "address", "show", "dev", "br-lan", "scope", "link")
        return any(not each.get("tentative") for link in links for each in link.get("addr_info", ()))

    def _netifd(self) -> list[list[str]]:
        if self.kind == "stand-in":
            return [[sys.executable, "-m", "tests.lab.netifd_process", str(self.bus), str(self.root)]]
        files = {"-c": "etc/config", "-p": "netifd", "-r": "resolv.conf"}
        words = [word for option, name in files.items() for word in (option, f"{self.root}/{name}")]
        return [[UBUSD, "-s", str(self.bus)], [NETIFD, "-s", str(self.bus), *words, "-h", "/bin/true", "-S"]]

    def addresses(self, device: str) -> list[str]:
        """Return the IPv4 addresses of a device."""
        links = self.namespace.ip_json("-4", "address", "show")
        return [each["local"] for link in links if link["ifname"] == device for each in link["addr_info"]]

    def haven(self, *words: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        """Run the haven command on this router."""
        return subprocess.run(
            self._argv(*words),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=240,
            env={**os.environ, **self.environment},
        )

    def _argv(self, *words: str) -> list[str]:
        name = self.namespace.name
        return ["ip", "netns", "exec", name, sys.executable, "-m", "haven.cli.main", *words]

    def setup(self, *words: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        """Run `haven setup` on this router."""
        return self.haven("setup", *self._where(), *words, stdin=stdin)

    def _where(self) -> list[str]:
        return ["--root", str(self.root), "--run-dir", str(self.run_dir)]

    def person(self, *words: str) -> "subprocess.Popen[bytes]":
        """Begin `haven setup` as a person at a terminal does."""
        return self.namespace.spawn(
            [sys.executable, "-m", "haven.cli.main", "setup", *self._where(), *words],
            subprocess.DEVNULL,
            self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def note(self) -> str:
        """Return where the trial stands."""
        return str(read_note(str(self.run_dir)).get("state", ""))

    def print_logs(self) -> None:
        """Say what everybody has said, for a test that failed."""
        for path in sorted(self.root.glob("*.log")):
            print(path, path.read_text())

    def calls(self) -> list[str]:
        """Return what the init scripts were told."""
        return (self.root / "calls").read_text().splitlines()
