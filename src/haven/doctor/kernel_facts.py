# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel says of this router: devices, default routes, settings, memory, room on flash."""

import os
import sys
from typing import Any

from haven.doctor.lookout import Lookout
from haven.inet import text_of
from haven.plan.machine import Machine, read_machine

SETTINGS = {
    "forward4": "net/ipv4/ip_forward",
    "forward6": "net/ipv6/conf/all/forwarding",
    "bridge4": "net/bridge/bridge-nf-call-iptables",
    "bridge6": "net/bridge/bridge-nf-call-ip6tables",
}
BRIDGE_SETTINGS = ("multicast_snooping", "multicast_querier")
# Where OpenWrt keeps what is changed.
OVERLAY = "/overlay"
ROUTE_UP = 1


def facts(around: Lookout) -> dict[str, Any]:
    """Return what the checks want to know."""
    machine = read_machine()
    return {
        "devices": {name: _device(machine, name) for name in machine.links},
        "routes": default_routes(_text("/proc/net/route")),
        "settings": {name: _text("/proc/sys/" + path).strip() for name, path in SETTINGS.items()},
        "memory_kb": available_kb(_text("/proc/meminfo")),
        "flash": _flash(around.root),
    }


def own_addresses(around: Lookout, kernel: dict[str, Any]) -> dict[str, list[str]]:
    """Return the addresses of each device that stay with this router."""
    virtual = {text.partition("/")[0] for router in around.routers for text in router["addresses"]}
    return {
        name: [text for text in device["addresses"] if text not in virtual]
        for name, device in kernel["devices"].items()
    }


def _device(machine: Machine, name: str) -> dict[str, Any]:
    link = machine.links[name]
    found: dict[str, Any] = {"mac": link.mac.hex(":"), "mtu": link.mtu, "up": link.up}
    found["addresses"] = [each.text for each in link.addresses]
    found["permanent"] = [each.text for each in link.addresses if each.permanent]
    for setting in BRIDGE_SETTINGS if link.kind == "bridge" else ():
        found[setting] = _text(f"/sys/class/net/{name}/bridge/{setting}").strip()
    return found


def default_routes(text: str) -> list[list[str]]:
    """Return [device, gateway] of each IPv4 default route, the best first, from /proc/net/route.

    The gateway is empty on a line between two, such as PPPoE.
    """
    found = []
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) >= 8 and words[1] == words[7] == "00000000" and int(words[3], 16) & ROUTE_UP:
            octets = int(words[2], 16).to_bytes(4, sys.byteorder)
            found.append((int(words[6]), words[0], text_of(octets) if any(octets) else ""))
    return [[device, gateway] for _metric, device, gateway in sorted(found)]


def available_kb(text: str) -> int | None:
    """Return the memory that programs can still have, from /proc/meminfo."""
    for line in text.splitlines():
        name, _colon, rest = line.partition(":")
        if name == "MemAvailable" and rest.split()[:1] and rest.split()[0].isdigit():
            return int(rest.split()[0])
    return None


def _flash(root: str) -> list[Any] | None:
    """Return where changes are written, and how many kB are free there."""
    below = root.rstrip("/")
    for path in (OVERLAY, "/etc"):
        if os.path.isdir(below + path):
            found = os.statvfs(below + path)
            return [path, found.f_bavail * found.f_frsize // 1024]
    return None


def _text(path: str) -> str:
    try:
        with open(path) as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return ""
