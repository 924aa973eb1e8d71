# SPDX-License-Identifier: GPL-2.0-or-later
"""What netifd knows of us: entries of its own kind that keep a bridge and put a macvlan into a zone.

netifd deletes a bridge, with all that stands on it, when its last user goes: at each `ifup lan`. An
entry of ours is a second user. fw4 takes the zone of a device from an entry of netifd's, also from one
that is never up: a macvlan of a Backup stays down.
"""

import re
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from haven.config.model import Model
from haven.plan.device_names import macvlan_name
from haven.ubus.client import UbusError, call

PREFIX = "haven_"
FW4_SECONDS = 10
FIREWALL = {"type": "service.data.update", "data": {"name": "firewall"}}

Call = Callable[..., Any]
Resolve = Callable[[str], str]


@dataclass(frozen=True, slots=True, order=True)
class Claim:
    """A device that netifd shall have an entry for; `parent` is set for a macvlan on that device."""

    device: str
    parent: str = ""

    @property
    def name(self) -> str:
        """The name of the entry."""
        return PREFIX + re.sub(r"[^A-Za-z0-9_]", "_", self.device)


def claims(model: Model, resolve: Resolve) -> list[Claim]:
    """Return what a configuration needs of netifd. Raises InterfaceError."""
    if not model.main.enabled:
        return []
    found: set[Claim] = set()
    for router in model.virtual_routers:
        device = router.device or resolve(router.interface or "")
        if router.interface:
            found.add(Claim(device))
        if router.virtual_mac:
            found.add(Claim(macvlan_name(router.family, router.vrid, device), device))
    return sorted(found)


def zone_of(device: str) -> str:
    """Return the zone of the firewall that a device is in; empty for none."""
    try:
        argv = ["fw4", "-q", "device", device]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=FW4_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def hold(wanted: Iterable[Claim], ask: Call = call, zone: Resolve = zone_of) -> list[str]:
    """Make netifd's entries as wanted; return the problems."""
    wanted = list(wanted)
    try:
        entries = _entries(ask("network.interface", "dump"))
    except UbusError as why:
        return ["netifd cannot be asked to keep our devices: %s" % why] if wanted else []
    return _Netifd(entries, ask, zone).hold(wanted)


def bring_up(interfaces: Iterable[str], ask: Call = call) -> list[str]:
    """Let netifd start what it does not by itself now; return the problems."""
    problems = []
    for name in interfaces:
        try:
            if not ask("network.interface." + name, "status").get("autostart"):
                ask("network.interface." + name, "up")
        except UbusError as why:
            problems.append("network.interface.%s: %s" % (name, why))
    return problems


def _entries(answer: Any) -> list[dict[str, Any]]:
    """Return the interfaces in netifd's answer. Raises UbusError for something else."""
    entries = answer.get("interface") if isinstance(answer, dict) else None
    if not isinstance(entries, list):
        raise UbusError("its answer is not understood")
    for each in entries:
        if not isinstance(each, dict) or not isinstance(each.get("interface"), str):
            raise UbusError("its answer is not understood")
    return entries


class _Netifd:
    """The entries that netifd has, and what is to become of them."""

    def __init__(self, entries: list[dict[str, Any]], ask: Call, zone: Resolve) -> None:
        self.ask = ask
        self.zone = zone
        # An interface of the user's may have a name like ours.
        ours = [each for each in entries if each["interface"].startswith(PREFIX) and each.get("dynamic")]
        self.ours = {each["interface"]: each for each in ours}
        found = [each.get("device") for each in entries if each not in ours]
        self.devices = {device for device in found if isinstance(device, str)}
        self.problems: list[str] = []
        self.changed = False

    def hold(self, wanted: list[Claim]) -> list[str]:
        names = {claim.name for claim in wanted}
        for name in sorted(set(self.ours) - names):
            self._do("network.interface." + name, "remove")
        for claim in wanted:
            if claim.parent:
                self._join_zone(claim)
            elif claim.name not in self.ours and claim.device in self.devices:
                # netifd flushes a device that it has not had so far: those stay without.
                self._add(claim, {})
        if self.changed:
            self._do("service", "event", FIREWALL)
        return self.problems

    def _add(self, claim: Claim, more: dict[str, Any]) -> None:
        entry = {"name": claim.name, "proto": "none", "device": claim.device}
        self._do("network", "add_dynamic", {**entry, **more})

    def _join_zone(self, claim: Claim) -> None:
        zone = self.zone(claim.parent)
        present = self.ours.get(claim.name, {})
        data = present.get("data")
        if not zone or (isinstance(data, dict) and data.get("zone") == zone):
            return
        if not present:
            self._add(claim, {"auto": False})
        self._do("network.interface." + claim.name, "set_data", {"zone": zone})

    def _do(self, path: str, method: str, arguments: dict[str, Any] | None = None) -> None:
        self.changed = True
        try:
            self.ask(path, method, arguments or {})
        except UbusError as why:
            self.problems.append("%s %s: %s" % (path, method, why))
