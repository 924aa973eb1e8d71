# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's ucarp on a node, and the gateway that it can be told: one IPv4 address on the LAN."""

import stat
from pathlib import Path

from tests.lab import network as lab
from tests.lab.carp_node import PASSWORD
from tests.lab.gateway import Side
from tests.lab.network import Network
from tests.lab.node import Node

VHID = 42
LAN = (Side("lan", "lan", 4, VHID, (f"{lab.GATEWAY}/24",)),)
ONCE_A_SECOND = {"interval_ms": 1000, "own_sides": LAN}
STATES = {"MASTER": "active", "BACKUP": "backup", "INIT": "initialize"}
MARK = "Switching to state: "
COMPLAINTS = ("Bad ", "Bogus", "failed", "error", "Ignoring")


class UcarpNode(Node):
    """ucarp on a router; `more` has its other options."""

    program = "ucarp"

    def __init__(self, network: Network, name: str, **gateway: object) -> None:
        super().__init__(network, name, **gateway)
        self._said_before = 0
        for act in ("add", "del"):
            self._write_script(act)

    def _script(self, act: str) -> Path:
        return self.folder / f"{act}.sh"

    def _write_script(self, act: str) -> None:
        path, (side,) = self._script(act), self.gateway.sides
        path.write_text(f"#!/bin/sh\nip address {act} {side.addresses[0]} dev {side.segment}\n")
        path.chmod(stat.S_IRWXU)

    def config_text(self) -> str:
        """Tell that there is none."""
        return "# ucarp has a command line\n"

    def command(self) -> list[str]:
        """Start ucarp with the options of its manual."""
        (side,), gateway = self.gateway.sides, self.gateway
        options = {
            "-i": side.segment,
            "-s": self.router.address(side.segment),
            "-v": side.vrid,
            "-p": PASSWORD,
            "-a": side.addresses[0].split("/")[0],
            "-b": gateway.interval_ms // 1000,
            "-k": 254 - gateway.priority,
            "-u": self._script("add"),
            "-d": self._script("del"),
        }
        words = [str(word) for pair in options.items() for word in pair]
        flags = ["-z", "-n", *(["-P"] if gateway.preempt else []), *gateway.more]
        return ["/usr/sbin/ucarp", *words, *flags]

    def start(self) -> Node:
        """Start ucarp; what its log has of an earlier run is no state of this one."""
        self._said_before = len(self.log_text())
        return super().start()

    def state(self) -> str | None:
        """Tell its state as its log has it."""
        if not self.running:
            return None
        lines = self.log_text()[self._said_before :].splitlines()
        said = [line.split(MARK)[1].strip() for line in lines if MARK in line]
        return STATES[said[-1]] if said else None

    def complaints(self) -> list[str]:
        """List the lines in which it finds fault with what it has heard."""
        return [line for line in self.log_text().splitlines() if any(each in line for each in COMPLAINTS)]
