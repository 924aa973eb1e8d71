# SPDX-License-Identifier: GPL-2.0-or-later
"""The compiler: a checked model and the facts of this machine become a plan."""

import os
from collections.abc import Iterable
from typing import Any

from haven.config.load import load
from haven.config.model import ConntrackSettings, GroupSettings, Model
from haven.config.options import GROUP
from haven.contract.diagnostics import Diagnostic
from haven.contract.plan import VERSION
from haven.plan import (
    accept_mode,
    bfd,
    carp,
    conntrack,
    conntrack_protection,
    conntrack_rules,
    dialled_wans,
    lease_plan,
    notify_plan,
    openvpn_servers,
    service_commands,
    wireguard_tunnels,
    witnesses,
)
from haven.plan.check_compiler import CheckCompiler
from haven.plan.kernel_lacks import fitted
from haven.plan.machine import InterfaceError, Machine, read_machine, resolve_interface
from haven.plan.nftables import joined
from haven.plan.virtual_routers import ADDRESS_LIFETIME_US, RENEW_US, Resolve, RouterCompiler, sysctls

LASTING = ("service-", "device-no-multicast", "device-wireless-client")

Compiled = tuple[dict[str, Any] | None, list[Diagnostic]]


def make_plan(config_path: str) -> Compiled:
    """Read a configuration and compile it for this machine; without a plan there are problems."""
    # Looked at before it is read: a change in between makes the plan look old, never new.
    mark = _mark(config_path)
    model, problems = load(config_path)
    if model is None:
        return None, list(problems)
    plan, more = compile_plan(model, read_machine(), config_path)
    if plan is not None and _lasting_warnings(plan) == len(model.warnings):
        # With a warning of the machine's the plan stays without its mark: the next start makes it anew, when
        # more of the machine may be there.
        plan["made_from"] = mark
    return plan, [*problems, *more]


def _lasting_warnings(plan: dict[str, Any]) -> int:
    """Count the warnings, but for those of services and kinds of devices: they change nothing of the plan."""
    return sum(not each["code"].startswith(LASTING) for each in plan["warnings"])


def _mark(path: str) -> list[Any] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return [path, found.st_mtime_ns, found.st_size]


def compile_plan(
    model: Model, machine: Machine, config: str, resolve: Resolve = resolve_interface
) -> Compiled:
    """Compile a model for a machine; the plan is None if a problem stands in its way."""
    model = fitted(model, machine.lacks, config)
    compiler = RouterCompiler(machine, config, resolve)
    routers = [compiler.compile(router) for router in model.virtual_routers]
    compiler.look_for_twins(routers)
    carp.join_families(routers)
    device, problems = _sync_device(model.conntrack, config, resolve)
    checks = CheckCompiler(model, routers, machine, config, resolve)
    problems = compiler.problems + checks.problems + problems
    problems += dialled_wans.problems(model.wans, routers, config, resolve)
    problems += bfd.problems(model, routers, config)
    if problems:
        return None, problems
    called = openvpn_servers.part(model, routers)
    fixed = _fixed_addresses(routers, machine)
    copied = conntrack.part(
        model.conntrack, device, _virtual_addresses(routers), openvpn_servers.own_ports(called), fixed
    )
    warnings = [*model.warnings, *compiler.warnings, *checks.warnings]
    warnings += witnesses.warnings(model, machine, config)
    if model.conntrack is not None:
        warnings += conntrack.shared(model.conntrack, device, routers, config)
        warnings += conntrack.warnings(model.conntrack, device, machine, config)
    warnings += dialled_wans.warnings(model.wans, config)
    warnings += wireguard_tunnels.warnings(model.wireguards, config)
    warnings += service_commands.warnings(model, config)
    warnings += openvpn_servers.warnings(model, config)
    return {
        "version": VERSION,
        "node": model.main.node,
        "config": config,
        "made_from": None,
        "enabled": model.main.enabled,
        "realtime": model.main.realtime,
        "upgrade": model.main.upgrade,
        "address_lifetime_us": ADDRESS_LIFETIME_US,
        "renew_us": RENEW_US,
        "warnings": [each.as_dict() for each in dict.fromkeys(warnings)],
        "groups": [{**_group(group, model, routers), **checks.of_group(group)} for group in model.groups],
        "virtual_routers": routers,
        **_of_sessions(bfd.sessions(model, routers)),
        "sysctls": _unique([*_of_routers(routers), *conntrack.sysctls(copied)]),
        "commands": joined(
            accept_mode.commands(routers),
            conntrack_rules.commands(copied, conntrack_protection.below(model.conntrack, device)),
            conntrack_protection.commands(model.conntrack, device),
            openvpn_servers.commands(called),
        ),
        "parts": {**_parts(model, copied, lease_plan.part(model, routers), called), **checks.part()},
    }, []


def _parts(
    model: Model,
    copied: dict[str, Any] | None,
    given: dict[str, Any] | None,
    called: dict[str, Any] | None,
) -> dict[str, Any]:
    parts: dict[str, Any] = {} if copied is None else {"conntrack": copied}
    dialled = dialled_wans.part(model.wans)
    if dialled is not None:
        parts["wan"] = dialled
    tunnels = wireguard_tunnels.part(model.wireguards)
    if tunnels is not None:
        parts["wireguard"] = tunnels
    if model.is_common:
        # What of it is common stands in the files themselves, which change by it.
        parts["sync"] = {"enabled": True}
    if model.main.drill is not None:
        parts["drill"] = {"when": model.main.drill, "kind": model.main.drill_kind}
    if given is not None:
        parts["leases"] = given
    if called is not None:
        parts["openvpn"] = called
    parts |= notify_plan.parts(model)
    by_role = service_commands.part(model)
    if by_role is not None:
        parts["services"] = by_role
    return parts


def _of_sessions(found: list[dict[str, Any]]) -> dict[str, Any]:
    # Where there are none, the plan is as it was before there was BFD.
    return {"bfd": found} if found else {}


def _sync_device(
    settings: ConntrackSettings | None, config: str, resolve: Resolve
) -> tuple[str, list[Diagnostic]]:
    """Return the device that connections are copied over, empty where they are not."""
    if settings is None or settings.device is not None:
        return settings.device or "" if settings is not None else "", []
    try:
        return resolve(settings.interface or ""), []
    except InterfaceError as why:
        place = ("conntrack", "conntrack", settings.name)
        return "", [Diagnostic(why.code, why.facts, config, 0, place, "interface")]


def _group(group: GroupSettings, model: Model, routers: list[dict[str, Any]]) -> dict[str, Any]:
    settings = {option.key: group.values[option.key] for option in GROUP.options if option.engine}
    sync_wait_us = model.conntrack.sync_wait_us if model.conntrack is not None else 0
    found = {"name": group.name, "sync_wait_us": sync_wait_us, **settings}
    if group.witnesses:
        found["witnesses"] = witnesses.placed(group, model.virtual_routers, routers)
    return found


def _of_routers(routers: Iterable[dict[str, Any]]) -> list[list[str]]:
    return [pair for router in routers for pair in sysctls(router)]


def _virtual_addresses(routers: list[dict[str, Any]]) -> list[str]:
    hosts = [address.partition("/")[0] for router in routers for address in router["addresses"]]
    return list(dict.fromkeys(hosts))


def _fixed_addresses(routers: list[dict[str, Any]], machine: Machine) -> list[str]:
    """Return what IPv4 addresses this router has for itself beside the virtual ones."""
    links = [
        machine.links[name]
        for name in dict.fromkeys(each["device"] for each in routers)
        if name in machine.links
    ]
    return [each.text for link in links for each in link.addresses if each.permanent and ":" not in each.text]


def _unique(pairs: list[list[str]]) -> list[list[str]]:
    return [list(pair) for pair in dict.fromkeys((key, value) for key, value in pairs)]
