# SPDX-License-Identifier: GPL-2.0-or-later
"""Routers with a DHCP server, Debian's dnsmasq, and clients that ask it."""

import json
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

from tests.lab.agent_node import AgentNode
from tests.lab.network import Network
from tests.lab.wait import wait_until

PROCESS = Path(__file__).with_name("dhcp_clients_process.py")
DNSMASQ = """
port=53
no-resolv
no-hosts
interface=lan
except-interface=lo
bind-dynamic
user=root
no-ping
log-dhcp
log-async=50
log-facility={folder}/dnsmasq.log
domain=lan
dhcp-authoritative
dhcp-range=10.77.0.10,10.77.0.99,255.255.255.0,{lease}
dhcp-range=10.77.0.101,10.77.0.250,255.255.255.0,{lease}
dhcp-leasefile={folder}/root/tmp/dhcp.leases
pid-file={folder}/dnsmasq.pid
"""
# As OpenWrt's and Debian's do.
INIT = """#!/bin/sh
pid=$(cat {folder}/dnsmasq.pid 2>/dev/null)
if [ -n "$pid" ] && kill "$pid" 2>/dev/null; then
	while kill -0 "$pid" 2>/dev/null; do sleep 0.01; done
fi
[ "$1" = stop ] || exec dnsmasq -C {folder}/dnsmasq.conf
"""
DHCP = """
config dhcp
	option interface 'lan'
	option virtual_router 'lan'
	option leases '1'
"""


class DhcpNode(AgentNode):
    """The whole of haven, beside a DHCP server whose leases are common."""

    lease = "1h"
    # More lines of the dhcp section.
    dhcp_more = ""

    def __init__(self, network: Network, name: str, **gateway: object) -> None:
        super().__init__(network, name, **gateway)
        for folder in ("tmp", "etc/init.d", "etc/haven"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        (self.folder / "dnsmasq.conf").write_text(DNSMASQ.format(folder=self.folder, lease=self.lease))
        init = self.root / "etc/init.d/dnsmasq"
        init.write_text(INIT.format(folder=self.folder))
        init.chmod(0o755)
        network.logs[f"agent on {name}"] = self.folder / "agent.log"

    def config_text(self) -> str:
        """Write the UCI text, with common leases."""
        return super().config_text() + DHCP + self.dhcp_more

    def leases(self) -> dict:
        """Tell the status's account of leases."""
        return self.status().get("leases") or {}

    def serves(self) -> bool:
        """Tell whether its DHCP server answers."""
        return bool(self.leases().get("serves"))

    def gives(self, address: str, mac: str, name: str) -> None:
        """Let its DHCP server have given a lease, as its file tells."""
        with open(self.root / "tmp/dhcp.leases", "a") as file:
            file.write(f"{int(time.time()) + 3600} {mac} {address} {name} *\n")

    def forget_memory(self) -> None:
        """End the DHCP server, and empty what a reboot empties."""
        self.router.namespace.run(str(self.root / "etc/init.d/dnsmasq"), "stop")
        for path in (self.root / "tmp/dhcp.leases", self.run_dir / "leases.json"):
            path.unlink(missing_ok=True)

    def lease_file(self) -> dict[str, list[str]]:
        """Return the lines of dnsmasq's file by their addresses."""
        path = self.root / "tmp/dhcp.leases"
        rows = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
        return {row[2]: row for row in rows if len(row) == 5}


class Clients:
    """A crowd of DHCP clients on the LAN."""

    def __init__(self, network: Network, count: int, rate: float = 100.0) -> None:
        self._path = network.folder / "dhcp_clients.log"
        argv = [sys.executable, str(PROCESS), "lan", str(count), str(rate)]
        with open(self._path, "wb") as log:
            self._process = network.client.spawn(argv, log, stdin=subprocess.PIPE)
        network.logs["DHCP clients"] = self._path

    def tell(self, words: str) -> None:
        """Give an order."""
        assert self._process.stdin is not None
        self._process.stdin.write(words.encode() + b"\n")
        self._process.stdin.flush()

    def words(self) -> list[dict]:
        """Return all that they have heard so far."""
        whole = self._path.read_text().rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines()]

    def acks(self, since: int = 0) -> list[dict]:
        """Return the ACKs, of a moment on."""
        return [each for each in self.words() if "ack" in each and each["at"] >= since]

    def wait_bound(self, count: int, since: int = 0, budget: float = 60) -> dict[str, dict]:
        """Wait until so many of them have had an ACK, and return each one's last."""

        def bound() -> dict[str, dict] | None:
            found = {each["mac"]: each for each in self.acks(since)}
            return found if len(found) >= count else None

        return wait_until(bound, budget, f"{count} clients have a lease", interval=0.05)  # type: ignore[return-value]

    def doubles(self) -> dict[str, set[str]]:
        """Return the addresses that more than one device was given."""
        held = defaultdict(set)
        for each in self.acks():
            held[each["ack"]].add(each["mac"])
        return {address: macs for address, macs in held.items() if len(macs) > 1}

    def moved(self) -> dict[str, list[str]]:
        """Return the devices that have had more than one address."""
        held: dict[str, list[str]] = defaultdict(list)
        for each in self.acks():
            if each["ack"] not in held[each["mac"]]:
                held[each["mac"]].append(each["ack"])
        return {mac: addresses for mac, addresses in held.items() if len(addresses) > 1}
