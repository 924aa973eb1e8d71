# SPDX-License-Identifier: GPL-2.0-or-later
"""A pair of routers with a WireGuard tunnel to a site behind a strict firewall, and what goes through it."""

import atexit
import itertools
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab.agent_node import AgentNode
from tests.lab.dialled import join
from tests.lab.haven_node import HavenNode
from tests.lab.namespace import Namespace
from tests.lab.network import CLIENT, UPLINK, Network
from tests.lab.probe import Probe
from tests.lab.wait import wait_until

PORT = 51820
SITE, SITE_NETWORK = "10.66.0.1", "10.66.0.0/24"
OWN = "10.88.0.1/24"
SECTION = """
config wireguard 'vpn'
	option device '%s'
	option group 'gateway'
"""
# As OpenWrt's firewall does, with all that leaves by the WAN.
MASQUERADE = """
table ip out {
 chain postrouting { type nat hook postrouting priority srcnat + 5; oifname "wan" masquerade; }
}
"""
# A firewall before the site: it knows the virtual address, and nobody else.
STRICT = f"""
table ip strict {{
 chain input {{
  type filter hook input priority filter;
  iifname "wan" udp sport {PORT} ip saddr != {UPLINK} counter drop
 }}
}}
"""
LISTENS = b"UAPI listener started"
_numbers = itertools.count()


def kernel_has_wireguard() -> bool:
    """Tell whether the kernel has WireGuard, after loading it; else wireguard-go does it."""
    subprocess.run(["modprobe", "-q", "wireguard"], check=False)
    name = _name("probe")
    try:
        made = subprocess.run(
            ["ip", "link", "add", name, "type", "wireguard"], capture_output=True, check=False
        )
    finally:
        subprocess.run(["ip", "link", "del", name], capture_output=True, check=False)
    return not made.returncode


def _name(word: str) -> str:
    # wireguard-go has a socket for each device, in one place for the whole machine.
    return f"wg{os.getpid() % 100000}{word[:6]}{next(_numbers) % 100}"[:15]


def make_device(network: Network, namespace: Namespace, word: str, is_in_kernel: bool) -> str:
    """Make a WireGuard device that is not set up yet, and tell its name."""
    name = _name(word)
    if is_in_kernel:
        namespace.ip(f"link add {name} type wireguard")
    else:
        network.logs[f"wireguard-go, {word}"] = log_path = network.folder / f"{name}.log"
        with open(log_path, "ab") as log:
            namespace.spawn(["wireguard-go", "-f", name], log, {"LOG_LEVEL": "verbose"})
        # One that is killed leaves it behind.
        atexit.register(Path(f"/var/run/wireguard/{name}.sock").unlink, missing_ok=True)
        # Not by asking: wg removes a socket on which nobody listens yet, and wireguard-go ends.
        wait_until(lambda: LISTENS in log_path.read_bytes(), 30, f"wireguard-go has made {name}")
    return name


def new_key() -> tuple[str, str]:
    """Return a private key and its public one."""
    private = subprocess.check_output(["wg", "genkey"], text=True).strip()
    return private, subprocess.check_output(["wg", "pubkey"], input=private, text=True).strip()


def set_peer(namespace: Namespace, device: str, private: str, peer: list[str]) -> None:
    """Give a device its key, its port and one peer."""
    words = ["private-key", "/proc/self/fd/0", "listen-port", str(PORT), "peer", *peer]
    namespace.run("wg", "set", device, *words, stdin=private)


class TunnelNode(AgentNode):
    """A router with haven, and a WireGuard device of the pair's key."""

    tunnel = ""

    def config_text(self) -> str:
        """Write the UCI text, with the tunnel instead of connections."""
        return HavenNode.config_text(self) + self.section()

    def section(self) -> str:
        """Write the section of the tunnel."""
        return SECTION % self.tunnel

    def take_tunnel(self, private: str, site: str, is_in_kernel: bool) -> None:
        """Have a device with the pair's key, and the site as its peer."""
        inside = self.router.namespace
        self.tunnel = make_device(self.network, inside, self.name, is_in_kernel)
        set_peer(inside, self.tunnel, private, [site, "allowed-ips", SITE_NETWORK])
        inside.ip(f"address add {OWN} dev {self.tunnel}")

    def told(self) -> dict:
        """Tell the tunnel's part of the status."""
        found = self.status().get("wireguard", {}).get("tunnels", [])
        return found[0] if found else {}

    def endpoints(self) -> list[str]:
        """Tell where the device takes its peers to be."""
        told = self.router.namespace.run("wg", "show", self.tunnel, "endpoints")
        return [line.split("\t")[1] for line in told.splitlines()]

    def knows_site(self, active: "TunnelNode") -> bool:
        """Tell whether this standby knows where the site is."""
        return self.endpoints() == active.endpoints()

    def is_up(self) -> bool:
        """Tell whether the link of the tunnel is up."""
        (link,) = self.router.namespace.ip_json("link", "show", self.tunnel)
        return "UP" in link["flags"]


class Site:
    """The other end of the tunnel, and the pair's key."""

    def __init__(self, network: Network, is_in_kernel: bool) -> None:
        self.network, self.is_in_kernel = network, is_in_kernel
        self._pair, self.pair_public = new_key()
        self._private, self._public = new_key()
        inside = network.server
        self.device = make_device(network, inside, "site", is_in_kernel)
        peer = [self.pair_public, "endpoint", f"{UPLINK}:{PORT}", "allowed-ips", "10.77.0.0/24,10.88.0.0/24"]
        set_peer(inside, self.device, self._private, peer)
        inside.ip(
            f"address add {SITE}/24 dev {self.device}",
            f"link set {self.device} up",
            f"route add 10.77.0.0/24 dev {self.device}",
        )
        inside.nft(STRICT)

    def equip(self, node: TunnelNode) -> None:
        """Give a router the tunnel, which stands still."""
        node.take_tunnel(self._pair, self._public, self.is_in_kernel)
        node.router.namespace.nft(MASQUERADE)

    def drops(self) -> int:
        """Count what came for WireGuard from an address that is not the virtual one."""
        told = self.network.server.run("nft", "list", "chain", "ip", "strict", "input")
        return int(told.partition("packets ")[2].split()[0])


def tunnelled_pair(
    network: Network, is_in_kernel: bool, kind: type[TunnelNode] = TunnelNode, **gateway: object
) -> tuple[Site, TunnelNode, TunnelNode]:
    """Start r1 as the Active with the tunnel in use, and r2 as a standby that knows where the site is."""
    site = Site(network, is_in_kernel)
    nodes = []
    for name in network.routers:
        node = kind(network, name, priority=100 if nodes else 200, **gateway)
        site.equip(node)
        node.configure()
        node.start().wait_state("backup" if nodes else "active")
        nodes.append(node)
    first, second = nodes
    join(first, second)
    wait_until(first.is_up, 10, "the tunnel is up on the Active")
    # The site calls first, as a machine on the road does.
    wait_until(lambda: _reaches_client(network), 30, "the site reaches the client", interval=0.2)
    wait_until(lambda: second.knows_site(first), 20, "the standby knows where the site is")
    return site, first, second


def _reaches_client(network: Network) -> bool:
    try:
        network.server.run("ping", "-c", "1", "-W", "1", "-I", SITE, CLIENT)
    except RuntimeError:
        return False
    return True


@contextmanager
def both_ways(network: Network) -> Iterator[tuple[Probe, Probe]]:
    """Send a datagram every ten milliseconds into the tunnel, from each of its ends.

    Without a session WireGuard keeps 128 of them. A sender that had no processor for a while sends all that
    it owes at once; at one a millisecond that would be lost by the sender's own doing.
    """
    how = {"one_way": True, "period_ms": 10}
    to_site = Probe(network.client, network.server, SITE, network.folder, **how)
    to_client = Probe(network.server, network.client, CLIENT, network.folder, **how)
    try:
        for probe in (to_site, to_client):
            probe.wait_service()
        yield to_site, to_client
    finally:
        to_site.close()
        to_client.close()


def active_since(node: TunnelNode) -> int:
    """Tell when a router has become Active last, by the clock of the lab."""
    at = max(each["at"] for each in node.events() if each["kind"] == "transition" and each["to"] == "active")
    return int((at - time.time()) * 1e9) + time.clock_gettime_ns(time.CLOCK_MONOTONIC)
