# SPDX-License-Identifier: GPL-2.0-or-later
"""The plan of another machine, from the facts that its `havend-micro --facts` has printed."""

import copy
import sys
from typing import Any

from haven.config.load import load
from haven.config.model import GroupSettings, Model, VirtualRouterSettings
from haven.contract.diagnostics import Diagnostic
from haven.contract.fields import DocumentError
from haven.contract.machine_facts import LONGEST, check_facts
from haven.contract.strict_json import read_json
from haven.core.carp.ranking import HIGHEST_SKEW
from haven.failure_reason import reason_of
from haven.plain_file import read_plain
from haven.plan.assemble import Compiled, compile_plan
from haven.plan.byte_order import in_other_order
from haven.plan.machine import DeviceFacts, InterfaceError, Machine, OwnAddress


def make_plan_for(facts_path: str, config_path: str, standby: bool = False) -> Compiled:
    """Read a configuration and compile it for the machine of these facts; else there are problems.

    `standby` when the configuration is another router's, for which that machine stands by.
    """
    try:
        facts = check_facts(read_json(read_plain(facts_path, LONGEST)))
    except OSError as error:
        return None, [Diagnostic("facts-unreadable", {"error": reason_of(error)}, facts_path)]
    except (DocumentError, ValueError) as why:
        return None, [Diagnostic("facts-wrong", {"error": str(why)}, facts_path)]
    model, problems = load(config_path, host_name=facts["node"])
    if model is None:
        return None, list(problems)
    if standby:
        model.main.node = facts["node"]
        for settings in model.virtual_routers:
            if settings.unicast_peers:
                return None, [Diagnostic("small-unicast", {"name": settings.name}, config_path)]
            _stand_by(settings)
    plan, more = compile_plan(
        _without_bfd(_without_agent(model, config_path), config_path),
        _machine(facts),
        config_path,
        _resolver(facts),
    )
    if plan is None:
        return None, [*problems, *more]
    _leave_out_parts(plan, config_path)
    return in_other_order(plan) if facts["byte_order"] != sys.byteorder else plan, [*problems, *more]


def _leave_out_parts(plan: dict[str, Any], config: str) -> None:
    """Take out what is left for haven-agent, such as notices and drills."""
    left_out = [Diagnostic("needs-agent", {"type": name}, config) for name in sorted(plan["parts"])]
    plan["warnings"] += [each.as_dict() for each in left_out]
    plan["parts"] = {}


def _stand_by(settings: VirtualRouterSettings) -> None:
    """Rank below the router of the configuration, with room between them for what a failing check takes."""
    other: dict[str, Any] = {"priority": max(1, settings.priority // 2), "source_address": None}
    if settings.advskew is not None:
        other["advskew"] = min(HIGHEST_SKEW, settings.advskew + 100)
    settings.values = {**settings.values, **other}
    vars(settings).update(other)


def _machine(facts: dict[str, Any]) -> Machine:
    devices = [_device(each) for each in facts["devices"]]
    return Machine({device.name: device for device in devices})


def _device(told: dict[str, Any]) -> DeviceFacts:
    values = {key: told[key] for key in told if key in DeviceFacts.__slots__}
    values["mac"] = bytes.fromhex(told["mac"])
    values["addresses"] = tuple(OwnAddress(text, permanent) for text, permanent in told["addresses"])
    return DeviceFacts(**values)


def _resolver(facts: dict[str, Any]) -> Any:
    def resolve(name: str) -> str:
        device = facts["interfaces"].get(name)
        if not isinstance(device, str):
            raise InterfaceError("interface-unknown", interface=name)
        return device

    return resolve


def _without_agent(model: Model, config: str) -> Model:
    """Return a model without what haven-agent does, which is not there; each thing left out is a warning."""
    found = copy.copy(model)
    left_out = {
        "conntrack": model.conntrack is not None,
        "track_host": bool(model.track_hosts),
        "track_script": bool(model.track_scripts),
        "service": bool(model.services),
        "wan": bool(model.wans),
        "wireguard": bool(model.wireguards),
        "dhcp": any(each.leases for each in model.dhcps),
        "sync": model.is_common,
    }
    found.conntrack, found.is_common = None, False
    found.track_hosts, found.track_scripts, found.services = (), (), ()
    found.dhcps, found.wans, found.wireguards = (), (), ()
    using: tuple[GroupSettings | VirtualRouterSettings, ...] = (*found.groups, *found.virtual_routers)
    for settings in using:
        settings.track_hosts, settings.track_scripts = (), ()
    found.warnings += tuple(
        Diagnostic("needs-agent", {"type": name}, config) for name in left_out if left_out[name]
    )
    return found


def _without_bfd(model: Model, config: str) -> Model:
    """Return a model without sessions: MicroPython has no recvmsg, which tells the TTL of what was heard."""
    if not model.bfds:
        return model
    found = copy.copy(model)
    found.bfds = ()
    found.warnings += (Diagnostic("needs-cpython", {"type": "bfd"}, config),)
    return found
