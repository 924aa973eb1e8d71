# SPDX-License-Identifier: GPL-2.0-or-later
"""Looks of a sound pair, as routers tell them, to be changed by tests."""

import copy
import time
from typing import Any

from haven import VERSION
from haven.contract.doctor import check_look
from haven.core.vrrp.constants import PSEUDO_HEADER
from haven.doctor.case import Case, Seen
from haven.doctor.trial_frames import AS_BROADCAST, MULTICAST

Look = dict[str, Any]
SIDES = (("lan", 51, "10.77.0"), ("wan", 52, "198.51.100"))
GATEWAY = "198.51.100.100"


def look(number: int) -> Look:
    """Return what router 1, the Active, or router 2 tells when nothing is wrong."""
    node, other = f"r{number}", 3 - number
    routers = [_router(name, vrid, net, number) for name, vrid, net in SIDES]
    parts = {
        "plan": _plan(routers, number),
        "status": _status(node, "active" if number == 1 else "backup"),
        "wire": {"links": [_link(name, net, other) for name, _vrid, net in SIDES], "silent": []},
        "arp": {"answers": _answers(number)},
        "kernel": _kernel(number),
        "rules": {"verdicts": [["10.77.0.0/24", "wan", "snat", "198.51.100.1"]], "helpers": []},
        "files": {"problem": None, "waits": False, "boots": True, "dhcp": {"pools": [], "hosts": []}},
        "upstream": {"rows": [["wan", GATEWAY, "198.51.100.1", 64, 64]] if number == 1 else []},
        "copies": {"device": "sync", "macs": [mac("sync", other)]},
    }
    document = {"version": 1, "node": node, "haven": VERSION, "at": time.time()}
    return {**document, "parts": {name: {"facts": part} for name, part in parts.items()}}


def mac(device: str, number: int) -> str:
    """Return the MAC address of a router's device."""
    return f"02:00:00:00:0{['lan', 'wan', 'sync'].index(device) + 1}:0{number + 1}"


def _router(name: str, vrid: int, net: str, number: int) -> dict[str, Any]:
    found = {"name": name, "group": "gateway", "device": name, "address_device": name, "family": 4}
    found |= {"vrid": vrid, "version": 3, "priority": 300 - 100 * number, "advert_interval_us": 1_000_000}
    return {**found, "checksum": PSEUDO_HEADER, "addresses": [f"{net}.1/24"], "virtual_mac": None}


def _plan(routers: list[dict[str, Any]], number: int) -> dict[str, Any]:
    own = {name: [f"{net}.{number + 1}"] for name, _vrid, net in SIDES}
    plan = {"routers": routers, "groups": ["gateway"], "default_routes": [], "copy_device": "sync"}
    return {**plan, "own_addresses": own}


def _status(node: str, state: str) -> dict[str, Any]:
    group = {"name": "gateway", "state": state, "faults": [], "detection": None}
    return {"state": state, "problems": [], "at_risk": [], "groups": [group], "peers": []}


def _link(name: str, net: str, other: int) -> dict[str, Any]:
    source = f"{net}.{other + 1}"
    row = {"source": source, "mac": mac(name, other), "ttl": 255, "out": False, "vrid": 255, "wrong": ""}
    rows = [{**row, "trial": mark, "count": 15} for mark in (MULTICAST, AS_BROADCAST)]
    passed = [[source, MULTICAST], [source, AS_BROADCAST]]
    return {"device": name, "family": 4, "foreign": False, "sent": 15, "rows": rows, "passed": passed}


def _answers(number: int) -> list[list[Any]]:
    """The Active does not hear itself; the provider answers both."""
    rows: list[list[Any]] = []
    for name, _vrid, net in SIDES:
        rows.append([name, f"{net}.1", [mac(name, 1)] if number == 2 else [], number == 2])
        rows.append([name, f"{net}.{number + 1}", [], False])
    return [*rows, ["wan", GATEWAY, ["02:00:00:00:02:64"], True]]


def _kernel(number: int) -> dict[str, Any]:
    devices = {}
    for name in ("lan", "wan", "sync"):
        own = [f"{net}.{number + 1}" for side, _vrid, net in SIDES if side == name]
        devices[name] = {
            "mac": mac(name, number),
            "mtu": 1500,
            "up": True,
            "addresses": own,
            "permanent": own,
        }
    settings = {"forward4": "1", "forward6": "1", "bridge4": "", "bridge6": ""}
    kernel = {"devices": devices, "routes": [["wan", GATEWAY]], "settings": settings}
    return {**kernel, "memory_kb": 50_000, "flash": ["/overlay", 5000]}


def case(*looks: Look, unasked: dict[str, str] | None = None, paired: bool = True) -> Case:
    """Return the case of these looks, the first of which is of the router that asks."""
    seen = [Seen(check_look(copy.deepcopy(each)), here=not at) for at, each in enumerate(looks)]
    return Case(seen, unasked or {}, paired)
