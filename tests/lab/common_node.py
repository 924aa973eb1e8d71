# SPDX-License-Identifier: GPL-2.0-or-later
"""A node whose packages lie below a root of its own, and are the pair's."""

import json
from pathlib import Path

from tests.lab.agent_node import AgentNode
from tests.lab.network import Network

SYNC = "\nconfig sync 'sync'\n\toption enabled '1'\n\tlist file '/etc/openvpn/'\n"


class CommonNode(AgentNode):
    """A node whose files are below a root of its own, /etc/config/haven as well."""

    def __init__(self, network: Network, name: str, **gateway: object) -> None:
        super().__init__(network, name, **gateway)
        (self.root / "etc/config").mkdir(parents=True)
        self.config_path = self.root / "etc/config/haven"
        self.configure()

    def config_text(self) -> str:
        """Write the UCI text, with a common configuration."""
        return super().config_text() + SYNC

    def package(self, name: str) -> Path:
        """Return the file of a package."""
        return self.root / "etc/config" / name

    def text(self, name: str) -> str:
        """Return what is in a package, nothing for one that is not there."""
        return self.package(name).read_text() if self.package(name).exists() else ""

    def sync(self, *words: str) -> object:
        """Ask for the common configuration."""
        return json.loads(self.cli("sync", *words, "--json"))


def in_sync(node: CommonNode) -> bool:
    """Tell whether a node says that it has what the others have."""
    return bool(node.sync()["in_sync"])
