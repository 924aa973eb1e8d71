# SPDX-License-Identifier: GPL-2.0-or-later
"""A router that is a folder: its configuration, and init scripts that write down what they are told.

Of the kernel it has the loopback device alone, whose address stands for the router's own.
"""

import subprocess
import sys
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

from haven.setup.facts import RouterFacts, nobody
from haven.setup.packages import read_packages
from haven.setup.proposal import Proposal, Reach, first_proposal
from haven.setup.trial import Trial
from haven.setup.trial_folder import PENDING, UNDOING
from tests.cli.fake_havend import FakeHavend
from tests.havend.machines import environment
from tests.lab.wait import wait_until
from tests.setup.factory import LINKS, TEXTS

SERVICES = ("network", "firewall", "dnsmasq", "haven")
LOOPBACK = Reach("lo", IPv4Address("127.0.0.1"), IPv4Address("127.0.0.1"))
# The program itself, with other times.
KEEPER = """
import sys
from haven.setup import keeper
keeper.CONFIRM_S, keeper.OWN_ADDRESS_S, keeper.GATEWAY_S = %s
sys.argv[:] = ["setup-keeper", *sys.argv[1:]]
sys.exit(keeper.main())
"""


class RouterBox:
    """The folder, and a havend that is always Active."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        for name in ("etc/config", "etc/init.d", "var/run"):
            (self.root / name).mkdir(parents=True)
        for name, text in TEXTS.items():
            self.config(name).write_text(text)
            self.config(name).chmod(0o640 if name == "haven" else 0o644)
        for name in SERVICES:
            script = self.root / "etc/init.d" / name
            script.write_text(f'#!/bin/sh\necho "{name} $1" >>{self.root}/calls\n')
            script.chmod(0o755)
        self.run_dir = folder / "run"
        self.havend = FakeHavend(self.run_dir, status={"state": "active"})
        self.trial = Trial(str(self.root), str(self.run_dir))
        self.keepers: list[subprocess.Popen[bytes]] = []

    def config(self, name: str) -> Path:
        """Return the path of a package."""
        return self.root / "etc/config" / name

    def close(self) -> None:
        """End what runs."""
        for keeper in self.keepers:
            keeper.kill()
            keeper.wait()
        self.havend.close()

    def proposal(self, reach: Reach = LOOPBACK, **answers: str) -> Proposal:
        """Return what this router would become."""
        facts = RouterFacts(read_packages(str(self.root)), LINKS, {}, nobody, "OpenWrt")
        return replace(first_proposal(facts, answers), reach=reach)

    def files(self) -> dict[str, tuple[bytes, int]]:
        """Return everything in /etc but the init scripts: octets and mode."""
        found = [path for path in (self.root / "etc").rglob("*") if path.is_file()]
        return {
            str(path.relative_to(self.root)): (path.read_bytes(), path.stat().st_mode & 0o777)
            for path in sorted(found)
            if path.parent.name != "init.d"
        }

    def calls(self) -> list[str]:
        """Return what the init scripts were told."""
        path = self.root / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def keeper(
        self, *words: str, times: tuple[float, float, float] = (60, 5, 30)
    ) -> "subprocess.Popen[bytes]":
        """Start the program, with its three times in seconds."""
        where = ["--root", str(self.root), "--run-dir", str(self.run_dir)]
        argv = [sys.executable, "-c", KEEPER % (times,), *where, *words]
        self.keepers.append(subprocess.Popen(argv, env=environment()))
        return self.keepers[-1]

    def at_start(self) -> None:
        """Let the service start, as after a kill or a reboot."""
        assert self.keeper("--at-start").wait(60) == 0

    def until(self, state: str) -> None:
        """Wait until the note says where the trial stands."""
        from haven.setup.trial import read_note

        wait_until(lambda: read_note(str(self.run_dir)).get("state") == state, 20, f"the trial is {state}")

    def is_over(self) -> bool:
        """Tell whether nothing is pending."""
        return not self.trial.folder.is_there(PENDING) and not self.trial.folder.is_there(UNDOING)
