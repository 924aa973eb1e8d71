# SPDX-License-Identifier: GPL-2.0-or-later
"""A node with FRR's vrrpd on it: one virtual router on the LAN side, IPv4, version 3."""

import json
import subprocess
from pathlib import Path

from tests.lab.namespace import Namespace
from tests.lab.network import GATEWAY, Network
from tests.lab.node import Node
from tests.lab.wait import wait_until

PROGRAMS = Path("/usr/lib/frr")
STATES = {"Master": "active", "Backup": "backup", "Initialize": "initialize"}
VIRTUAL = "00:00:5e:00:01:33"


def frr_command(name: str, folder: Path, config: Path) -> list[str]:
    """Return how a program of FRR's is started with its files in a folder."""
    files = ("-f", config, "-i", folder / f"{name}.pid", "-z", folder / "zserv")
    return [
        *map(str, (PROGRAMS / name, *files, "--vty_socket", folder)),
        *("-u", "frr", "-g", "frr", "-P", "0"),
    ]


def start_zebra(network: Network, folder: Path, inside: Namespace, log_path: Path) -> subprocess.Popen[bytes]:
    """Start zebra, which all programs of FRR's ask for the devices."""
    # They give up being root, and still have to read and write here.
    network.folder.chmod(0o755)
    folder.chmod(0o777)
    empty = folder / "zebra.conf"
    empty.touch()
    with open(log_path, "ab") as log:
        started = inside.spawn(frr_command("zebra", folder, empty), log)
    wait_until((folder / "zserv").exists, 10, "zebra listens")
    return started


class FrrNode(Node):
    """zebra and vrrpd; vrrpd wants its macvlan made for it, with the address on it."""

    program = "vrrpd"

    def __init__(self, network: Network, name: str, **gateway: object) -> None:
        super().__init__(network, name, segments=("lan",), **gateway)
        self._zebra: subprocess.Popen[bytes] | None = None

    def config_text(self) -> str:
        """Write vrrpd.conf."""
        gateway = self.gateway
        settings = (
            f"vrrp 51 version {gateway.version}",
            f"vrrp 51 priority {gateway.priority}",
            f"vrrp 51 advertisement-interval {gateway.interval_ms}",
            f"vrrp 51 ip {GATEWAY}",
            *(f"{key} {value}".strip() for key, value in gateway.more.items()),
        )
        return "\n ".join(("interface lan", *settings)) + "\n"

    def command(self) -> list[str]:
        """Start it without a TCP port of its own."""
        return frr_command("vrrpd", self.folder, self.config_path)

    def start(self) -> "FrrNode":
        """Start zebra, too, if it does not run."""
        inside = self.router.namespace
        if self._zebra is None or self._zebra.poll() is not None:
            inside.ip(
                f"link add hv51 link lan address {VIRTUAL} type macvlan mode bridge",
                f"address add {GATEWAY}/24 dev hv51",
                "link set hv51 up",
            )
            self._zebra = start_zebra(self.network, self.folder, inside, self.log_path)
        super().start()
        return self

    def state(self) -> str | None:
        """Tell the state as vrrpd shows it."""
        shown = self._show()
        return STATES.get(shown["status"]) if shown else None

    def adverts_heard(self) -> int:
        """Count the ADVERTISEMENTs that it has accepted."""
        shown = self._show()
        return shown["stats"]["adverRx"] if shown else 0

    def _show(self) -> dict | None:
        ask = ("vtysh", "--vty_socket", str(self.folder), "-c", "show vrrp json")
        try:
            routers = json.loads(self.router.namespace.run(*ask))
        except (RuntimeError, ValueError):
            return None
        return routers[0]["v4"] if routers else None
