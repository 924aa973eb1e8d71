# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers and a client that a VPN of tun devices joins: no Ethernet, no ARP, one address that moves."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.lab.gateway import Side
from tests.lab.namespace import Namespace, lab_number
from tests.lab.network import ROOT, memory_folder

DEVICE = "vpn"
SERVED = "10.88.0.1"
SIDE = Side("vpn", DEVICE, 4, 88, (f"{SERVED}/32",))
CLIENT = 100


class TunMember:
    """A server of the VPN, as a node asks for it."""

    def __init__(self, name: str, host: int, namespace: Namespace) -> None:
        self.name, self.namespace, self._host = name, namespace, host

    def address(self, _segment: str = DEVICE) -> str:
        """Tell its own address in the VPN."""
        return f"10.88.0.{self._host}"

    def device(self, segment: str) -> str:
        """Tell the device by which it is there."""
        return segment


class TunNetwork:
    """As far as nodes and chaos ask, a Network."""

    def __init__(self, servers: int) -> None:
        number = lab_number()
        self._temporary = tempfile.TemporaryDirectory(prefix="hv", dir=memory_folder())
        self.folder = Path(self._temporary.name)
        self.logs: dict[str, Path] = {}
        self._hub = Namespace("hub", number)
        members = {f"r{n}": n + 1 for n in range(1, servers + 1)}
        self.routers = {name: TunMember(name, at, Namespace(name, number)) for name, at in members.items()}
        self._client = TunMember("client", CLIENT, Namespace("client", number))
        self.client = self._client.namespace
        self._cut: set[str] = set()
        self._half: set[str] = set()
        self._process = self._join()

    def _join(self) -> "subprocess.Popen[bytes]":
        everybody = [*self.routers.values(), self._client]
        argv = [sys.executable, "-m", "tests.lab.tun_hub_process", DEVICE]
        argv += [f"{each.namespace.name}={each.address()}" for each in everybody]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.logs["hub"] = self.folder / "hub.log"
        with open(self.logs["hub"], "ab") as log:
            process = self._hub.spawn(argv, log, cwd=ROOT, **pipes)
        if not process.stdout.readline():
            raise RuntimeError(f"there is no VPN: {self.logs['hub'].read_text()}")
        for each in everybody:
            each.namespace.ip(
                "link set lo up", f"link set {DEVICE} up", f"address add {each.address()}/24 dev {DEVICE}"
            )
            # The hub floods what is for an address that moves: who has it not is not to send it back.
            each.namespace.sysctl(ipv4__ip_forward=0, ipv4__conf__all__rp_filter=0)
        return process

    def __getitem__(self, name: str) -> TunMember:
        return self.routers[name]

    def power_cut(self, name: str) -> None:
        """Let a server fall silent and end its processes; its kernel remembers nothing of them."""
        self[name].namespace.freeze_all()
        self._cut.add(name)
        self._apply()
        self[name].namespace.kill_all()
        self[name].namespace.ip(f"address flush dev {DEVICE}")

    def power_on(self, name: str) -> None:
        """Give it back as it boots."""
        self[name].namespace.ip(f"address add {self[name].address()}/24 dev {DEVICE}")
        self._cut.discard(name)
        self._apply()

    def part(self, names: Sequence[str]) -> None:
        """Keep these and the other servers from hearing each other; the client hears all of them."""
        self._half = set(names)
        self._apply()

    def heal(self) -> None:
        """End that."""
        self.part(())

    def _apply(self) -> None:
        names = {name: each.namespace.name for name, each in self.routers.items()}
        half = self._half & names.keys()
        rest = (names.keys() - half) if half else set()
        blocked = [pair for a in half for b in rest for pair in ((names[a], names[b]), (names[b], names[a]))]
        everybody = [*names.values(), self.client.name]
        for name in self._cut:
            blocked += [pair for other in everybody for pair in ((names[name], other), (other, names[name]))]
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(blocked).encode() + b"\n")
        self._process.stdin.flush()
        self._process.stdout.readline()

    def story(self) -> str:
        """Tell what the programs said, for whoever reads of a failure."""
        logs = sorted(self.logs.items())
        return "\n".join(f"--- {title}\n{path.read_text(errors='replace')}" for title, path in logs)

    def delete(self) -> None:
        """End every program and take the network away."""
        for each in (*self.routers.values(), self._client):
            each.namespace.delete()
        self._hub.delete()
        self._temporary.cleanup()
