# SPDX-License-Identifier: GPL-2.0-or-later
"""What runs by role, as the agent carries it out, and what of it this machine does not have."""

import os
from typing import Any

from haven.config.load import read_sections
from haven.config.model import Model, ServiceSettings
from haven.config.options.service_section import BOTH
from haven.config.service_profiles import profile_named
from haven.contract.diagnostics import Diagnostic
from haven.contract.hidden import SHELL
from haven.plan.takeover_commands import takeover_steps

INIT = "/etc/init.d/"
NETWORK = "/etc/config/network"
IN_SHELL = (SHELL, "-c")
INTERFACE_IS_UP = "ifstatus %s | jsonfilter -q -e '@.up' | grep -qx true"

Commands = list[list[str]]


def part(model: Model) -> dict[str, Any] | None:
    """Return what the plan has for the agent's part, or None where nothing runs by role."""
    found = takeover_steps(model) + [_planned(service) for service in model.services]
    return {"services": found} if found else None


def _planned(service: ServiceSettings) -> dict[str, Any]:
    return {
        "name": service.name,
        "group": service.group,
        "role": service.role,
        "required": service.required,
        "start": _commands(service, "start", "ifup"),
        # What was started last goes first.
        "stop": _commands(service, "stop", "ifdown")[::-1],
        "reload": _commands(service, "reload", "ifup") if service.role == BOTH else [],
        "check": _check(service),
        "inits": list(service.inits),
        "profile": service.profile or "",
        "process": service.process,
        "start_timeout_us": service.start_timeout_us,
        "stop_timeout_us": service.stop_timeout_us,
        "check_interval_us": service.check_interval_us,
    }


def _commands(service: ServiceSettings, action: str, of_interface: str) -> Commands:
    own = getattr(service, action)
    if own:
        return [[*IN_SHELL, own]]
    found = [[INIT + name, action] for name in service.inits]
    return found + [[of_interface, name] for name in service.interfaces]


def _check(service: ServiceSettings) -> list[str] | None:
    if service.check:
        return [*IN_SHELL, service.check]
    if service.interfaces:
        return [*IN_SHELL, " && ".join(INTERFACE_IS_UP % name for name in service.interfaces)]
    return None


def warnings(model: Model, file: str, root: str = "") -> list[Diagnostic]:
    """Return what a service needs and this machine does not have; nothing else stops by it."""
    if not model.services:
        return []
    network = read_sections(root + NETWORK) if os.path.exists(root + NETWORK) else None
    interfaces = {each.name: each for each in network or () if each.type == "interface"}
    found = []
    for service in model.services:
        place = ("service '%s'" % service.name, "service", service.name)
        found += [Diagnostic(*each, file, 0, place, "init") for each in _missing_scripts(service, root)]
        for name in service.interfaces if network is not None else ():
            for code in _interface_faults(interfaces.get(name), service):
                found.append(Diagnostic(code, {"interface": name}, file, 0, place, "interface"))
    return found


def _missing_scripts(service: ServiceSettings, root: str) -> list[tuple[str, dict[str, Any]]]:
    usual, found = profile_named(service.profile), []
    for name in service.inits:
        if os.path.exists(root + INIT + name):
            continue
        facts = {"init": name}
        if usual and name in usual.inits:
            more = {"profile": usual.name, "package": usual.package}
            found.append(("service-package-missing", {**facts, **more}))
        else:
            found.append(("service-script-missing", facts))
    return found


def _interface_faults(section: Any, service: ServiceSettings) -> list[str]:
    if section is None:
        return ["service-interface-missing"]
    written = [entry.value for entry in section.entries if entry.name == "auto"]
    comes_up = not written or written[-1] not in ("0", "no", "off", "false", "disabled")
    return ["service-interface-auto"] if comes_up and service.role != BOTH else []
