# SPDX-License-Identifier: GPL-2.0-or-later
"""Where this router can be reached: its own addresses on the devices that haven works on."""

from collections.abc import Iterable
from typing import Any

from haven import light_socket as socket
from haven.peers.own_devices import ipv4_of

IF_INET6 = "/proc/net/if_inet6"
# Scope of an address in that file.
GLOBAL = "00"
# An address that changed is told a little later.
KNOWN_FOR_S = 5.0


class OwnPlaces:
    """The addresses by the plan in force, looked up anew when they are old."""

    def __init__(self) -> None:
        self._plan: dict[str, Any] | None = None
        self._found: list[str] = []
        self._until = 0.0

    def by(self, plan: dict[str, Any] | None, now: float) -> list[str]:
        """Return them; without a plan there are none. `now` in seconds."""
        if plan is not self._plan or now >= self._until:
            self._plan, self._until = plan, now + KNOWN_FOR_S
            self._found = own_addresses(plan) if plan else []
        return self._found


def own_addresses(plan: dict[str, Any]) -> list[str]:
    """Return the addresses that stay here whoever is Active, the one between the routers first."""
    virtual = {
        address.partition("/")[0] for router in plan["virtual_routers"] for address in router["addresses"]
    }
    conntrack = plan["parts"].get("conntrack") or {}
    sources = [router["source"] for router in plan["virtual_routers"]]
    devices = [conntrack.get("device"), *(router["device"] for router in plan["virtual_routers"])]
    found = [conntrack.get("address"), *sources, *_of_devices(dict.fromkeys(filter(None, devices)))]
    return [
        each for each in dict.fromkeys(filter(None, found)) if each not in virtual and not _is_local(each)
    ]


def _is_local(address: str) -> bool:
    return address.lower().startswith("fe80")


def _of_devices(devices: Iterable[str]) -> list[str]:
    devices = list(devices)
    return [ipv4_of(device) for device in devices] + _ipv6(devices)


def _ipv6(devices: list[str]) -> list[str]:
    try:
        with open(IF_INET6, encoding="ascii") as file:
            rows = [line.split() for line in file]
    except OSError:
        return []
    rows = [row for row in rows if len(row) == 6 and row[3] == GLOBAL and row[5] in devices]
    return [socket.inet_ntop(socket.AF_INET6, bytes.fromhex(row[0])) for row in rows]
