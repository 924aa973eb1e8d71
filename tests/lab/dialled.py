# SPDX-License-Identifier: GPL-2.0-or-later
"""A pair of routers whose WAN is dialled, its provider, and who says what on the line."""

import itertools
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.lab import firewall
from tests.lab.agent_node import AgentNode
from tests.lab.flows import echo_server
from tests.lab.listener import Listener, records
from tests.lab.network import SERVER, Network, Router
from tests.lab.wait import wait_until

ROOT = Path(__file__).resolve().parents[2]
# What both routers say to the provider that they are.
MAC = "02:00:00:00:02:aa"
FIRST_LEASE = "198.51.100.50"
MASQUERADE = """
flush chain ip nat postrouting
table ip nat {
 chain postrouting {
  oifname { "wan", "pppoe-wan" } ip saddr 10.77.0.0/24 masquerade
 }
}
"""
WAN = """
config wan 'wan'
	option interface 'wan'
	option group 'gateway'
"""
DISCOVER, REQUEST, RELEASE = 1, 3, 7
_numbers = itertools.count()


class DialledNode(AgentNode):
    """The whole of haven, beside a stand-in for netifd."""

    renew_s = 30
    proto = "dhcp"
    # What pppd is told besides.
    pppd_options: tuple[str, ...] = ()

    def __init__(self, network: Network, name: str, **gateway: object) -> None:
        super().__init__(network, name, segments=("lan",), **gateway)
        self.netifd_folder = self.folder / "netifd"
        self.netifd_folder.mkdir(exist_ok=True)
        self.boot()

    def config_text(self) -> str:
        """Write the UCI text, with the WAN."""
        return super().config_text() + WAN

    def environment(self) -> dict[str, str]:
        """Let the programs find this router's ubus."""
        return {**super().environment(), "HAVEN_UBUS_SOCKET": str(self.folder / "ubus.sock")}

    def boot(self, auto: bool = False) -> None:
        """Take the fixed WAN away, and start netifd."""
        make_dialled(self.router)
        for left in (self.folder / "ubus.sock", *self.netifd_folder.glob("lease")):
            left.unlink(missing_ok=True)
        socket = str(self.folder / "ubus.sock")
        argv = [sys.executable, "-m", "tests.lab.wan_netifd_process", socket, str(self.netifd_folder), "wan"]
        log_path = self.folder / "netifd.log"
        self.network.logs[f"netifd on {self.name}"] = log_path
        with open(log_path, "ab") as log:
            argv += [self.proto, *(["up"] if auto else []), *self.pppd_options]
            path = {"PYTHONPATH": f"{ROOT}:{self.environment()['PYTHONPATH']}"}
            self.router.namespace.spawn(argv, log, path)
        wait_until(Path(socket).exists, 15, f"netifd runs on {self.name}")

    def wan(self) -> dict:
        """Tell the WAN's part of the status."""
        told = self.status().get("wan", {}).get("wans", [])
        return told[0] if told else {}

    def wait_wan(self, state: str, budget: float = 40) -> dict:
        """Wait until the WAN is in a state, and tell it."""
        wait_until(lambda: self.wan().get("state") == state, budget, f"the WAN of {self.name} is {state}")
        return self.wan()

    def knows_lease(self) -> bool:
        """Tell whether this router could go on with a lease."""
        return bool(self.wan().get("lease"))

    def journal(self) -> list[str]:
        """Tell what netifd has done, in order."""
        path = self.netifd_folder / "journal"
        return [line.split(" ", 1)[1] for line in path.read_text().splitlines()] if path.exists() else []


def make_dialled(router: Router) -> None:
    """Leave a router no address on its WAN, and give it the MAC address that both have there."""
    router.namespace.ip(
        "link set wan down",
        "address flush dev wan",
        f"link set wan address {MAC}",
    )
    router.namespace.nft(MASQUERADE)
    firewall.set_up(router)


class DhcpProvider:
    """dnsmasq on the provider's side."""

    def __init__(self, network: Network, *options: str) -> None:
        self._network = network
        self._leases = network.folder / "dnsmasq.leases"
        self._process: subprocess.Popen[bytes] | None = None
        self.start(*options)

    def start(self, *options: str, first: str = FIRST_LEASE) -> None:
        """Start it."""
        fixed = ["--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--no-ping"]
        where = ["--interface=wan", "--bind-interfaces", f"--dhcp-leasefile={self._leases}"]
        lease = [f"--dhcp-range={first},{first},255.255.255.0,1h", f"--dhcp-option=3,{SERVER}"]
        more = [*where, "--dhcp-authoritative", "--log-facility=-"]
        log_path = self._network.folder / "dnsmasq.log"
        self._network.logs["dnsmasq"] = log_path
        with open(log_path, "ab") as log:
            argv = ["dnsmasq", *fixed, *lease, *more, *options]
            self._process = self._network.server.spawn(argv, log)
        wait_until(self._serves, 10, "the provider's DHCP server listens")

    def _serves(self) -> bool:
        assert self._process is not None and self._process.poll() is None, "dnsmasq has ended"
        return ":0043 " in self._network.server.run("cat", "/proc/net/udp")

    def fall_silent(self) -> None:
        """End it."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(60)

    def forget(self, *options: str, first: str) -> None:
        """Come again without memory, and with other addresses."""
        self.fall_silent()
        self._leases.unlink(missing_ok=True)
        self.start(*options, first=first)


class NakProvider:
    """A server that says no once to each client that comes anew."""

    def __init__(self, network: Network, first: str = FIRST_LEASE) -> None:
        argv = [sys.executable, "-m", "tests.lab.nak_server_process", "wan", first, SERVER]
        log_path = network.folder / "nak-server.log"
        network.logs["NAK server"] = log_path
        with open(log_path, "ab") as log:
            network.server.spawn(argv, log, {"PYTHONPATH": str(ROOT)})


@dataclass(frozen=True)
class Word:
    """A DHCP message from a router: when, by whose port, and of which kind."""

    at: int
    sender: str
    kind: int


class LineCapture:
    """What the routers say to the provider's DHCP server or access concentrator."""

    def __init__(self, network: Network) -> None:
        ports = [router.port("wan") for router in network.routers.values()]
        self._names = list(network.routers)
        path = network.folder / f"line-{next(_numbers)}"
        self._listener = Listener(network.switch.namespace, "tests.lab.line_capture_process", path, ports)

    def frames(self) -> list[tuple[int, str, bytes]]:
        """List the frames so far: when, from which router, and their octets."""
        heard = sorted(records(self._listener.heard()))
        return [(at, self._names[port], octets) for at, port, octets in heard]

    def words(self) -> list[Word]:
        """List the DHCP messages so far."""
        found = []
        for at, sender, octets in self.frames():
            options = octets[14 + 20 + 8 + 240 :]
            while len(options) > 2 and options[0] not in (53, 255):
                options = options[2 + options[1] :]
            if len(options) > 2 and options[0] == 53:
                found.append(Word(at, sender, options[2]))
        return found

    def changes_of_hands(self) -> list[str]:
        """List who spoke, each turn once: a router that comes back has spoken between two others."""
        return [name for name, _group in itertools.groupby(word.sender for word in self.words())]


def join(first: AgentNode, second: AgentNode) -> None:
    """Pair two routers, and wait until each hears the other."""
    wait_until(lambda: joins(first, second), 60, f"{second.name} joins {first.name}")
    for node in (first, second):
        wait_until(lambda node=node: _hears(node), 20, f"{node.name} hears its peer")


def joins(first: AgentNode, second: AgentNode) -> bool:
    """Offer and join once; on an emulated or a busy machine the proof may come too late for a code."""
    shown = json.loads(first.cli("pair", "--json"))
    try:
        second.cli("join", shown["addresses"][0], shown["code"], "--yes")
    except RuntimeError as why:
        if "hung up" not in str(why):
            raise
        return False
    return True


def _hears(node: AgentNode) -> bool:
    return any(peer["heard_ms"] is not None for peer in json.loads(node.cli("peers", "--json")))


def dialled_pair(
    network: Network, kind: type[DialledNode] = DialledNode, is_joined: bool = True, **gateway: object
) -> tuple[DialledNode, DialledNode]:
    """Start r1 as the Active with its WAN up, and r2 as a standby that knows the lease."""
    nodes = []
    for name in network.routers:
        node = kind(network, name, priority=100 if nodes else 200, **gateway)
        node.start().wait_state("backup" if nodes else "active")
        nodes.append(node)
    first, second = nodes
    if is_joined:
        join(first, second)
    first.wait_wan("up")
    if is_joined and kind.proto == "dhcp":
        wait_until(second.knows_lease, 10, "the standby knows the lease")
    second.wait_in_sync()
    echo_server(network.server)
    return first, second
