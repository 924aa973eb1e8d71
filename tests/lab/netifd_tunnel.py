# SPDX-License-Identifier: GPL-2.0-or-later
"""A router whose WireGuard interface is netifd's, in the kernel: nothing of it is there on a standby."""

import sys
from pathlib import Path

from tests.lab.dialled import ROOT
from tests.lab.tunnelled import OWN, PORT, SITE_NETWORK, TunnelNode
from tests.lab.wait import wait_until

SECTION = """
config wireguard 'vpn'
	option interface 'wg0'
	option group 'gateway'
"""
# What netifd reads, and what wireguard.sh makes of it for `wg setconf`.
NETWORK = """
config interface 'wg0'
	option proto 'wireguard'
	option auto '0'
	option private_key '{private}'
	option listen_port '{port}'
	list addresses '{own}'

config wireguard_wg0
	option public_key '{site}'
	option route_allowed_ips '1'
	list allowed_ips '{behind}'
"""
CONF = """
[Interface]
PrivateKey={private}
ListenPort={port}
[Peer]
PublicKey={site}
AllowedIPs={behind}
"""


class NetifdTunnelNode(TunnelNode):
    """A router with haven, and a stand-in for netifd with the tunnel."""

    tunnel = "wg0"

    def section(self) -> str:
        """Write the section of the tunnel."""
        return SECTION

    def environment(self) -> dict[str, str]:
        """Let the programs find this router's ubus."""
        return {**super().environment(), "HAVEN_UBUS_SOCKET": str(self.folder / "ubus.sock")}

    def take_tunnel(self, private: str, site: str, is_in_kernel: bool) -> None:
        """Start netifd with an interface of the pair's key."""
        words = {"private": private, "site": site, "port": PORT, "own": OWN, "behind": SITE_NETWORK}
        place = Path(self.root, "etc/config/network")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(NETWORK.format(**words))
        folder = self.folder / "netifd"
        folder.mkdir(exist_ok=True)
        (folder / "wg.conf").write_text(CONF.format(**words))
        socket = self.folder / "ubus.sock"
        argv = [sys.executable, "-m", "tests.lab.wireguard_netifd_process", str(socket), str(folder)]
        log_path = self.folder / "netifd.log"
        self.network.logs[f"netifd on {self.name}"] = log_path
        path = {"PYTHONPATH": f"{ROOT}:{self.environment()['PYTHONPATH']}"}
        with open(log_path, "ab") as log:
            self.router.namespace.spawn([*argv, "wg0", "wireguard", OWN, SITE_NETWORK], log, path)
        wait_until(socket.exists, 15, f"netifd runs on {self.name}")

    def is_up(self) -> bool:
        """Tell whether the device is there and up."""
        try:
            return super().is_up()
        except RuntimeError:
            return False

    def knows_site(self, active: TunnelNode) -> bool:
        """Tell whether this standby knows where the site is, before it has a device."""
        return bool(self.told().get("known"))
