# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of hosts and scripts become their part of the plan."""

import os
import shlex
from collections.abc import Callable, Iterable
from ipaddress import ip_address, ip_interface
from typing import Any

from haven.config.model import (
    CheckSettings,
    GroupSettings,
    Model,
    TrackHostSettings,
    TrackScriptSettings,
    VirtualRouterSettings,
)
from haven.contract.check_documents import ARP, DNS, NS, SCRIPT
from haven.contract.diagnostics import Diagnostic
from haven.inet import text_of
from haven.plan.machine import InterfaceError, Machine

DNS_PORT = 53


class CheckCompiler:
    """Compiles the checks that a group goes by; what stands in the way is in `problems`."""

    def __init__(
        self,
        model: Model,
        routers: list[dict[str, Any]],
        machine: Machine,
        config: str,
        resolve: Callable[[str], str],
    ) -> None:
        self.problems: list[Diagnostic] = []
        self.warnings: list[Diagnostic] = []
        self._model, self._routers = model, routers
        self._machine, self._config, self._resolve = machine, config, resolve
        self._users = {group.name: self._names(group) for group in model.groups}
        self._weights = {each.name: each.weight for each in (*model.track_hosts, *model.track_scripts)}
        used = {name for names in self._users.values() for name in names}
        hosts = [self._host(each) for each in model.track_hosts if each.name in used]
        self._checks = hosts + [self._script(each) for each in model.track_scripts if each.name in used]

    def part(self) -> dict[str, Any]:
        """Return what the plan has for the agent's part, by its name; nothing without checks."""
        return {"tracking": {"checks": self._checks}} if self._checks else {}

    def of_group(self, group: GroupSettings) -> dict[str, Any]:
        """Return what the plan has for a group: the checks that it goes by, with their weights."""
        found = [[name, self._weights[name]] for name in self._users[group.name]]
        return {"checks": found} if found else {}

    def _names(self, group: GroupSettings) -> list[str]:
        members = [router for router in self._model.virtual_routers if router.group == group.name]
        users: Iterable[GroupSettings | VirtualRouterSettings] = [group, *members]
        return list(
            dict.fromkeys(name for each in users for name in (*each.track_hosts, *each.track_scripts))
        )

    def _host(self, check: TrackHostSettings) -> dict[str, Any]:
        address = text_of(check.address)
        near = self._near(check, address)
        device = check.device or self._device_of(check) or next(iter(near), "")
        if not device and check.kind in (ARP, NS):
            self._add(self.problems, check, "kind", "check-device-needed", kind=check.kind, address=address)
        elif not device:
            self._add(self.warnings, check, None, "check-any-route")
        port = check.port or (DNS_PORT if check.kind == DNS else None)
        return {
            **_pace(check, check.kind),
            "address": address,
            "device": device or None,
            **near.get(device, {}),
            "port": port,
            "query": check.query,
        }

    def _near(self, check: TrackHostSettings, address: str) -> dict[str, dict[str, str | None]]:
        """Return by device in which network of a virtual address a host is; its users' come first."""
        host = ip_address(address)
        found: dict[str, dict[str, str | None]] = {}
        for router in sorted(self._routers, key=lambda each: check.name not in self._users[each["group"]]):
            for own in map(ip_interface, router["addresses"]):
                if host in own.network and host != own.ip:
                    virtual = None if router["virtual_mac"] else str(own.ip)
                    near = {"network": str(own.network), "virtual": virtual}
                    found.setdefault(router["device"], near)
        return found

    def _device_of(self, check: TrackHostSettings) -> str:
        if check.interface is None:
            return ""
        try:
            return self._resolve(check.interface)
        except InterfaceError:
            self._add(self.warnings, check, "interface", "tracked-missing", interface=check.interface)
            return check.interface

    def _script(self, check: TrackScriptSettings) -> dict[str, Any]:
        argv = shlex.split(check.command)
        error = "" if os.access(argv[0], os.X_OK) else "it is not executable"
        if not os.path.isfile(argv[0]):
            error = "it is not there"
        if error:
            self._add(self.warnings, check, "command", "check-program", path=argv[0], error=error)
        if not _is_user(check.user):
            self._add(self.warnings, check, "user", "check-user", user=check.user)
        return {**_pace(check, SCRIPT), "argv": argv, "user": check.user}

    def _add(
        self, found: list[Diagnostic], check: CheckSettings, option: str | None, code: str, **facts: Any
    ) -> None:
        type = "track_host" if isinstance(check, TrackHostSettings) else "track_script"
        place = (f"{type} '{check.name}'", type, check.name or "")
        found.append(Diagnostic(code, facts, self._config, 0, place, option))


def _pace(check: CheckSettings, kind: str) -> dict[str, Any]:
    keys = ("weight", "interval_us", "timeout_us", "rise", "fall")
    return {"name": check.name, "kind": kind, **{key: check.values[key] for key in keys}}


def _is_user(name: str) -> bool:
    import pwd

    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
