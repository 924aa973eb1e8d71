# SPDX-License-Identifier: GPL-2.0-or-later
"""A node with Debian's keepalived and conntrackd on it, tied together by the script that comes with them."""

from pathlib import Path

from tests.interop.keepalived import KeepalivedNode
from tests.lab.conntrackd import Conntrackd
from tests.lab.network import Network
from tests.lab.wait import wait_until

STOCK_SCRIPT = Path("/usr/share/doc/conntrackd/examples/sync/primary-backup.sh")
STOCK_LOCK, STOCK_CONFIG = "/var/lock/conntrack.lock", "/etc/conntrackd/conntrackd.conf"


class KeepalivedConntrackdNode(KeepalivedNode):
    """keepalived whose group calls the stock script at each change."""

    def __init__(self, network: Network, name: str, **gateway: object) -> None:
        self.conntrackd = Conntrackd(network, name)
        self.script = self.conntrackd.folder / "primary-backup.sh"
        super().__init__(network, name, **gateway)

    def configure(self, **changes: object) -> None:
        """Write the configuration, and the script with this node's paths."""
        text = STOCK_SCRIPT.read_text().replace(STOCK_CONFIG, str(self.conntrackd.config_path))
        self.script.write_text(text.replace(STOCK_LOCK, str(self.conntrackd.folder / "lock")))
        self.script.chmod(0o755)
        super().configure(**changes)

    def config_text(self) -> str:
        """Write keepalived.conf with the script in its group."""
        group = f"vrrp_sync_group {self.gateway.group} {{"
        calls = [
            f' notify_{word} "{self.script} {argument}"'
            for word, argument in (("master", "primary"), ("backup", "backup"), ("fault", "fault"))
        ]
        return super().config_text().replace(group, "\n".join([group, *calls]))

    def start(self) -> "KeepalivedConntrackdNode":
        """Start conntrackd and then keepalived."""
        self.conntrackd.start()
        super().start()
        return self

    def wait_synced(self, standby: "KeepalivedConntrackdNode", budget: float = 30) -> None:
        """Wait until the standby has in its cache what this Active has."""
        own = self.conntrackd

        def synced() -> bool:
            held = own.figure("statistics", "current active connections:")
            there = standby.conntrackd.ask("statistics").split("cache external:")[1]
            return abs(int(there.split()[3]) - held) <= 10 + held / 100

        wait_until(synced, budget, f"{standby.name} has the flows of {self.name}", interval=0.2)
