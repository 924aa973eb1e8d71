# SPDX-License-Identifier: GPL-2.0-or-later
"""A stand-in for ubusd and netifd in one process: interfaces with fixed addresses, or with a lease.

    python -m tests.lab.netifd_process SOCKET ROOT

It reads ROOT/etc/config/network at its start and at each `network reload`. As netifd does, it takes an
interface's old address away and gives it the new one; what others put on the device stays. A little later
than netifd, so that a gap is one. What has its address by DHCP has that of `LEASE` as soon as it is up.
"""

import json
import socket
import subprocess
import sys
import time
from ipaddress import IPv4Interface
from pathlib import Path

from haven.config.uci.document import UciSection, parse
from haven.ubus import codec as wire
from haven.ubus.codec import UbusFrame, encode_table, next_frame
from tests.bus.ubus_broker import StandIn

GAP_S = 0.5
# What every provider gives.
LEASE, PROVIDER = ("198.51.100.50", 24), "198.51.100.1"


def sections(root: str) -> list[UciSection]:
    """Return the sections of the network's configuration."""
    return parse(Path(root, "etc/config/network").read_text(), "", "network")[0]


def addresses(section: UciSection) -> set[str]:
    """Return an interface's fixed addresses."""
    netmask = section.value("netmask")
    texts = [entry.value for entry in section.entries if entry.name == "ipaddr"]
    return {str(IPv4Interface(text if "/" in text else f"{text}/{netmask}")) for text in texts}


def own_addresses(device: str) -> set[str]:
    """Return the addresses that a device has for good."""
    shown = json.loads(subprocess.check_output(["ip", "-j", "-4", "address", "show", "dev", device]))
    found = [each for link in shown for each in link["addr_info"] if each["valid_life_time"] == 2**32 - 1]
    return {f"{each['local']}/{each['prefixlen']}" for each in found}


def take_off(device: str, address: str) -> None:
    """Take an address off a device; haven may have done so in this very moment."""
    subprocess.call(["ip", "address", "del", address, "dev", device])
    assert address not in own_addresses(device)


class NetifdStandIn:
    """The objects that haven asks, and the addresses."""

    def __init__(self, path: str, root: str) -> None:
        self._root = root
        self._names: dict[int, str] = {}
        # Interfaces that are dialled: whether they are up, and whether they are to be by themselves.
        self._dialled: dict[str, bool] = {}
        self._auto: dict[str, bool] = {}
        self._broker = StandIn(Path(path)).start()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._received = b""
        assert self._next().kind == wire.HELLO
        for name in ("network", "network.interface"):
            self._add(name)
        self.reload(0)

    def _add(self, name: str) -> None:
        self._socket.sendall(UbusFrame(wire.ADD_OBJECT, 1, 0, path=name, signature=b"").encode())
        while (frame := self._next()).kind != wire.STATUS:
            self._names[frame.number("object") or 0] = name

    def reload(self, gap_s: float = GAP_S) -> None:
        """Give each interface what is configured."""
        for section in sections(self._root):
            name, device = f"network.interface.{section.name}", section.value("device")
            if section.type != "interface" or not Path("/sys/class/net", device).exists():
                continue
            if section.value("proto") == "static":
                self._set_addresses(device, addresses(section), gap_s)
            elif section.value("proto") == "dhcp":
                self._set_mac(device)
                self._follow_auto(section)
            if name not in self._names.values():
                self._add(name)

    def _set_addresses(self, device: str, wanted: set[str], gap_s: float) -> None:
        before = own_addresses(device)
        for address in before - wanted:
            take_off(device, address)
        if before - wanted:
            time.sleep(gap_s)
        for address in wanted - before:
            subprocess.check_call(["ip", "address", "add", address, "dev", device])
        subprocess.check_call(["ip", "link", "set", device, "up"])

    def _set_mac(self, device: str) -> None:
        for section in sections(self._root):
            if section.type == "device" and section.value("name") == device and section.value("macaddr"):
                subprocess.check_call(["ip", "link", "set", device, "address", section.value("macaddr")])

    def _follow_auto(self, section: UciSection) -> None:
        auto = section.value("auto") != "0"
        if self._auto.get(section.name) != auto:
            self._auto[section.name] = auto
            self._dial(section, auto)

    def _dial(self, section: UciSection, up: bool) -> None:
        device, address = section.value("device"), "%s/%d" % LEASE
        self._dialled[section.name] = up
        if up:
            subprocess.check_call(["ip", "link", "set", device, "up"])
            subprocess.check_call(["ip", "address", "replace", address, "dev", device])
        elif address in own_addresses(device):
            take_off(device, address)

    def _lease(self, name: str) -> dict:
        if name not in self._dialled:
            return {"up": True}
        if not self._dialled[name]:
            return {"up": False, "autostart": False, "proto": "dhcp"}
        route = {"target": "0.0.0.0", "mask": 0, "nexthop": PROVIDER}
        addresses = [{"address": LEASE[0], "mask": LEASE[1]}]
        more = {"ipv4-address": addresses, "route": [route], "data": {"leasetime": 3600}}
        return {"up": True, "autostart": True, "proto": "dhcp", "uptime": 5, **more}

    def serve(self) -> None:
        """Answer for ever."""
        while True:
            frame = self._next()
            if frame.kind != wire.INVOKE:
                continue
            number = frame.number("object") or 0
            answer = self._answer(self._names[number], frame.attributes["method"])
            for kind, more in ((wire.DATA, {"data": encode_table(answer)}), (wire.STATUS, {"status": 0})):
                reply = UbusFrame(kind, frame.sequence, frame.peer, object=number, **more)
                self._socket.sendall(reply.encode())

    def _answer(self, name: str, method: str) -> dict:
        if (name, method) == ("network", "reload"):
            self.reload()
        if name.startswith("network.interface."):
            (section,) = [each for each in sections(self._root) if each.name == name.rpartition(".")[2]]
            if method in ("up", "down") and section.name in self._dialled:
                self._dial(section, method == "up")
            device = section.value("device")
            return {**self._lease(section.name), "device": device, "l3_device": device}
        return {"interface": []} if method == "dump" else {}

    def _next(self) -> UbusFrame:
        while (found := next_frame(self._received)) is None:
            octets = self._socket.recv(1 << 16)
            if not octets:
                sys.exit(0)
            self._received += octets
        self._received = self._received[found[1] :]
        return found[0]


if __name__ == "__main__":
    NetifdStandIn(sys.argv[1], sys.argv[2]).serve()
