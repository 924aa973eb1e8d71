# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab's topology and its faults.

client --- [lan] --- r1, r2, r3 --- [wan] --- server
                      \\  |  /
                      [sync]
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.lab.capture import Capture
from tests.lab.namespace import Namespace, lab_number
from tests.lab.probe import Probe
from tests.lab.switch import Switch, port_name
from tests.lab.wait import now_ns, wait_until
from tests.lab.wiring import SEGMENTS, Wiring

ROOT = Path(__file__).resolve().parents[2]
GATEWAY = "10.77.0.1"
GATEWAY6 = "fd77::1"
GATEWAY6_LINK_LOCAL = "fe80::77"
UPLINK = "198.51.100.1"
UPLINK6 = "2001:db8:51::1"
UPLINK6_LINK_LOCAL = "fe80::51"
CLIENT = "10.77.0.100"
CLIENT6 = "fd77::100"
SERVER = "198.51.100.100"
SERVER6 = "2001:db8:51::100"
SERVICE = "203.0.113.10"
SERVICE6 = "2001:db8:113::10"

NAT = f"""
table ip nat {{
 chain postrouting {{
  type nat hook postrouting priority srcnat
  oifname "wan" ip saddr 10.77.0.0/24 snat to {UPLINK}
 }}
}}
"""


@dataclass(frozen=True)
class Fault:
    """What was done to the network, and between which two readings of the clock."""

    what: str
    began: int
    ended: int


@dataclass
class Router:
    """A router of the lab: where it is and what its own addresses are."""

    name: str
    number: int
    namespace: Namespace
    wiring: Wiring

    @property
    def host(self) -> int:
        """Tell the last octet of its addresses: r1 has .2, as .1 is the virtual one."""
        return self.number + 1

    def address(self, segment: str) -> str:
        """Tell its own IPv4 address on a segment."""
        return {"lan": "10.77.0.", "wan": "198.51.100.", "sync": "10.99.0."}[segment] + str(self.host)

    def mac(self, segment: str) -> str:
        """Tell its own MAC on a segment."""
        return f"02:00:00:00:{SEGMENTS.index(segment) + 1:02x}:{self.host:02x}"

    def link_local(self, segment: str) -> str:
        """Tell its own IPv6 link-local address on a segment, as the kernel makes it from the MAC."""
        return f"fe80::ff:fe00:{SEGMENTS.index(segment) + 1:x}{self.host:02x}"

    def device(self, segment: str) -> str:
        """Name its device on a segment."""
        return self.wiring.device(segment)

    def port(self, segment: str) -> str:
        """Name its port on the switch."""
        return port_name(self.name, segment)


def memory_folder() -> str | None:
    """Tell a folder in memory, as a router's run directory is: a disk stands still while others write."""
    shared = "/dev/shm"
    return shared if os.access(shared, os.W_OK) else None


class Network:
    """Routers between a client and a server, and what can go wrong between them."""

    def __init__(self, routers: int = 2, wiring: Wiring | None = None) -> None:
        self.wiring = wiring or Wiring()
        self.number = lab_number()
        # Short, as the path of a unix socket ends in it; it goes with this object or with the process.
        self._temporary = tempfile.TemporaryDirectory(prefix="hv", dir=memory_folder())
        self.folder = Path(self._temporary.name)
        self.faults: list[Fault] = []
        self.logs: dict[str, Path] = {}
        self._captures: list[Capture] = []
        self._probes: list[Probe] = []
        self._guests: list[Namespace] = []
        self.switch = Switch(SEGMENTS, self.number)
        self.routers = {f"r{n}": self._router(n) for n in range(1, routers + 1)}
        self.client = self._host("client", "lan", "02:00:00:00:01:64")
        self.server = self._host("server", "wan", "02:00:00:00:02:64")
        self._address_hosts()

    def _router(self, number: int) -> Router:
        router = Router(f"r{number}", number, Namespace(f"r{number}", self.number), self.wiring)
        inside = router.namespace
        _prepare(inside)
        inside.sysctl(ipv4__ip_forward=1, ipv6__conf__all__forwarding=1)
        self.wiring.lay(self.switch, inside, {segment: router.mac(segment) for segment in SEGMENTS})
        devices = {segment: router.device(segment) for segment in SEGMENTS}
        inside.ip(
            "link set lo up",
            *(f"address add {router.address(name)}/24 dev {device}" for name, device in devices.items()),
            f"address add fd77::{router.host}/64 dev {devices['lan']}",
            f"address add 2001:db8:51::{router.host}/64 dev {devices['wan']}",
            f"route add 203.0.113.0/24 via {SERVER}",
            f"route add 2001:db8:113::/64 via {SERVER6}",
        )
        inside.nft(self.wiring.rules(NAT))
        return router

    def _host(self, word: str, segment: str, mac: str) -> Namespace:
        host = Namespace(word, self.number)
        _prepare(host)
        self.switch.plug(host, segment, segment, mac)
        host.ip("link set lo up", f"link set {segment} up")
        return host

    def _address_hosts(self) -> None:
        self.client.ip(
            f"address add {CLIENT}/24 dev lan",
            f"address add {CLIENT6}/64 dev lan",
            f"route add default via {GATEWAY}",
            f"route add default via {GATEWAY6_LINK_LOCAL} dev lan",
        )
        self.server.ip(
            f"address add {SERVER}/24 dev wan",
            f"address add {SERVER6}/64 dev wan",
            f"address add {SERVICE}/32 dev lo",
            f"address add {SERVICE6}/128 dev lo",
            f"route add fd77::/64 via {UPLINK6_LINK_LOCAL} dev wan",
        )

    def __getitem__(self, name: str) -> Router:
        return self.routers[name]

    def guest(self, word: str, segment: str, mac: str) -> Namespace:
        """Let one more machine, without an address, plug into a segment."""
        self._guests.append(self._host(word, segment, mac))
        return self._guests[-1]

    def power_cut(self, name: str, direct: tuple[str, str] | None = None) -> Fault:
        """Cut a router off and end its processes without a word; `direct` as for `power_loss`."""
        fault = self.power_loss(name, direct)
        self.routers[name].namespace.kill_all()
        return fault

    def power_loss(self, name: str, direct: tuple[str, str] | None = None) -> Fault:
        """Cut a router off, all cables at once; its processes stand still, and cost nobody a moment.

        They stand still first: a program is quick enough to say goodbye on the cable that goes last. Who is
        at the other end of a direct cable (a router, a segment) loses its carrier.
        """
        router = self.routers[name]
        began = now_ns()
        router.namespace.freeze_all()
        ports = [router.port(segment) for segment in SEGMENTS]
        far = [port_name(*direct)] if direct else []
        self.switch.set_ports([*far, *ports], "down")
        return self._note(f"power of {name} cut", began)

    def power_on(self, name: str) -> Fault:
        """Give a router back as it boots: its own addresses only, nothing running, nothing remembered."""
        began = now_ns()
        old = self.routers[name]
        old.namespace.delete()
        # What programs keep there is in memory.
        shutil.rmtree(self.folder / name / "run", ignore_errors=True)
        wait_until(lambda: not self._has_port(old.port("lan")), 5, f"old cables of {name} vanish")
        self.routers[name] = self._router(old.number)
        return self._note(f"power of {name} on", began)

    def cable_pull(self, name: str, segment: str) -> Fault:
        """Pull one cable: the router loses its carrier, its neighbours see nothing."""
        return self._port(name, segment, "down", "pulled")

    def cable_plug(self, name: str, segment: str) -> Fault:
        """Put the cable back."""
        return self._port(name, segment, "up", "plugged")

    def remove_device(self, name: str, segment: str) -> Fault:
        """Delete a router's network device, as netifd does with a bridge."""
        began = now_ns()
        self.routers[name].namespace.ip(f"link del {segment}")
        return self._note(f"device {segment} of {name} removed", began)

    def create_device(self, name: str, segment: str, mac: str) -> Fault:
        """Make it again, with a new index and another MAC; its own IPv4 address comes with it."""
        began = now_ns()
        router = self.routers[name]
        wait_until(lambda: not self._has_port(router.port(segment)), 5, "the old cable vanishes")
        self.switch.plug(router.namespace, segment, segment, mac)
        router.namespace.ip(
            f"link set {segment} up",
            f"address add {router.address(segment)}/24 dev {segment}",
        )
        return self._note(f"device {segment} of {name} created", began)

    def split(self, segment: str, *names: str) -> Fault:
        """Keep routers from hearing each other on a segment; everybody else still hears all of them."""
        wanted = names or tuple(self.routers)
        ports = [self.routers[name].port(segment) for name in wanted]
        return self._block({(a, b) for a in ports for b in ports if a != b}, f"{segment} split")

    def part(self, names: Sequence[str]) -> Fault:
        """Keep these routers and the others from hearing each other, on LAN and WAN."""
        began = now_ns()
        pairs = set()
        for segment in ("lan", "wan"):
            here = {self.routers[name].port(segment) for name in names}
            there = {router.port(segment) for router in self.routers.values()} - here
            pairs |= {(a, b) for a in here for b in there} | {(b, a) for a in here for b in there}
        self.switch.block(pairs)
        return self._note(f"{', '.join(names)} parted from the others", began)

    def deafen(self, name: str, segment: str) -> Fault:
        """Let a router speak on a segment but hear none of the other routers there."""
        own = self.routers[name].port(segment)
        pairs = {(other.port(segment), own) for other in self.routers.values() if other.name != name}
        return self._block(pairs, f"{name} deaf on {segment}")

    def relay(
        self, name: str, segment: str, longest_us: int = 0, hold_us: int = 0, every_us: int = 1_000_000
    ) -> Fault:
        """Lay a cable that carries frames late, by chance, or none for a while of each period."""
        began = now_ns()
        ports = self.switch.lengthen(port_name(name, segment), segment)
        times = [str(each) for each in (longest_us, hold_us, every_us)]
        argv = [sys.executable, "-m", "tests.lab.relay_process", *ports, *times]
        process = self.switch.namespace.spawn(argv, stdout=subprocess.PIPE, cwd=ROOT)
        if process.stdout is None or not process.stdout.readline():
            raise RuntimeError(f"nothing relays {segment} of {name}")
        return self._note(f"{segment} cable of {name} relayed", began)

    def lose_host(self, name: str, segment: str) -> Fault:
        """Keep a router and the host of a segment from hearing each other; every link stays up."""
        host = port_name({"lan": "client", "wan": "server"}[segment], segment)
        own = self.routers[name].port(segment)
        return self._block({(host, own), (own, host)}, f"{name} loses the host on {segment}")

    def heal(self) -> Fault:
        """End every split, every deafness and every loss."""
        began = now_ns()
        self.switch.unblock_all()
        return self._note("healed", began)

    def probe(self, to: str = SERVICE, **more: object) -> Probe:
        """Start the millisecond probe from the client to an address of the server."""
        probe = Probe(self.client, self.server, to, self.folder, **more)
        self._probes.append(probe)
        return probe

    def capture(self, segment: str) -> Capture:
        """Start listening on a segment, at each port of the switch, for what the nodes send."""
        words = [*self.routers, {"lan": "client", "wan": "server"}.get(segment, "")]
        ports = {port_name(word, segment): word for word in words if word}
        capture = Capture(self.switch.namespace, ports, self.folder)
        self._captures.append(capture)
        return capture

    def client_forgets(self) -> None:
        """Let the client forget every neighbour, so that it has to ask who the gateway is."""
        self.client.ip("neigh flush all")

    def client_believes(self, address: str) -> str | None:
        """Tell the MAC that the client has on record for an address of the LAN."""
        entries = self.client.ip_json("neigh", "show", address, "dev", "lan")
        return next((entry["lladdr"] for entry in entries if "lladdr" in entry), None)

    def holders(self, address: str) -> list[str]:
        """Name the routers that have an address, dead ones included: a kernel outlives its programs."""
        return [name for name, router in self.routers.items() if address in addresses_of(router.namespace)]

    def story(self) -> str:
        """Tell what was done to the network and what the programs said, for whoever reads of a failure."""
        lines = [f"{fault.began / 1e9:.3f} {fault.what}" for fault in self.faults]
        for title, path in sorted(self.logs.items()):
            lines += [f"--- {title}", path.read_text(errors="replace")] if path.exists() else []
        return "\n".join(lines)

    def delete(self) -> None:
        """End every program of this network and take it away."""
        for part in (*self._probes, *self._captures):
            part.close()
        for router in self.routers.values():
            router.namespace.delete()
        for namespace in (self.client, self.server, *self._guests, self.switch):
            namespace.delete()
        self._temporary.cleanup()

    def _port(self, name: str, segment: str, state: str, word: str) -> Fault:
        began = now_ns()
        self.switch.set_ports([self.routers[name].port(segment)], state)
        return self._note(f"{segment} cable of {name} {word}", began)

    def _block(self, pairs: set[tuple[str, str]], what: str) -> Fault:
        began = now_ns()
        self.switch.block(pairs)
        return self._note(what, began)

    def _note(self, what: str, began: int) -> Fault:
        fault = Fault(what, began, now_ns())
        self.faults.append(fault)
        return fault

    def _has_port(self, port: str) -> bool:
        return any(link["ifname"] == port for link in self.switch.namespace.ip_json("link"))


def addresses_of(namespace: Namespace, device: str | None = None) -> list[str]:
    """List the addresses a namespace has, without their prefix lengths."""
    links = namespace.ip_json("address", "show", *(["dev", device] if device else []))
    return [entry["local"] for link in links for entry in link.get("addr_info", ()) if "local" in entry]


def _prepare(namespace: Namespace) -> None:
    # Duplicate address detection would keep each new IPv6 address silent for a second or more.
    namespace.sysctl(
        ipv6__conf__all__accept_dad=0,
        ipv6__conf__default__accept_dad=0,
        ipv6__conf__default__dad_transmits=0,
        ipv6__conf__default__accept_ra=0,
        ipv4__conf__all__rp_filter=0,
        ipv4__conf__default__rp_filter=0,
    )
