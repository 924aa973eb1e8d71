# SPDX-License-Identifier: GPL-2.0-or-later
"""The witnesses of a group: on which device each is reached."""

from typing import Any

from haven.config.model import GroupSettings, Model, VirtualRouterSettings
from haven.config.witness_checks import links_of
from haven.contract.diagnostics import Diagnostic
from haven.inet import text_of
from haven.plan.machine import Machine


def placed(
    group: GroupSettings, settings: tuple[VirtualRouterSettings, ...], routers: list[dict[str, Any]]
) -> list[list[str]]:
    """Return the device and the address of each witness; `routers` are the same as `settings`, compiled."""
    members = [pair for pair in zip(settings, routers, strict=True) if pair[0].group == group.name]
    links = [(_name(each), each.addresses) for each, _compiled in members]
    devices = {_name(each): compiled["device"] for each, compiled in members}
    return [[devices[links_of(each, links)[0]], text_of(each.octets)] for each in group.witnesses]


def _name(router: VirtualRouterSettings) -> str:
    return router.interface or router.device or ""


def warnings(model: Model, machine: Machine, config: str) -> list[Diagnostic]:
    """Return which witnesses this machine is itself."""
    found = []
    own = {each.text: name for name in sorted(machine.links) for each in machine.links[name].addresses}
    for group in model.groups:
        for witness in [text_of(each.octets) for each in group.witnesses]:
            if witness in own:
                facts = {"value": witness, "device": own[witness]}
                place = (f"group '{group.name}'", "group", group.name)
                found.append(Diagnostic("witness-of-machine", facts, config, 0, place, "witness"))
    return found
