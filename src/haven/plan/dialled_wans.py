# SPDX-License-Identifier: GPL-2.0-or-later
"""The WANs that are dialled: what the plan has for the agent, and what on this machine is against them."""

from typing import TYPE_CHECKING, Any

from haven.config.model import WanSettings
from haven.config.uci.document import UciSection
from haven.contract.diagnostics import Diagnostic
from haven.plan.machine import InterfaceError
from haven.plan.network_file import NETWORK, Sections, is_paired, network_sections

if TYPE_CHECKING:
    # It brings what encodes netlink messages, for which `haven validate` has no use.
    from haven.plan.virtual_routers import Resolve

LEASED = ("dhcp", "dhcpv6")


def part(wans: tuple[WanSettings, ...]) -> dict[str, Any] | None:
    """Return what the plan has for the agent's part, or None where no WAN is dialled."""
    if not wans:
        return None
    keys = ("name", "interface", "group", "standby_out")
    return {"wans": [{key: getattr(wan, key) for key in keys} for wan in wans]}


def problems(
    wans: tuple[WanSettings, ...], routers: list[dict[str, Any]], config: str, resolve: "Resolve"
) -> list[Diagnostic]:
    """Return the WANs that turn out to be on the device of a virtual router."""
    found = []
    for wan in wans:
        device = _device(wan, resolve)
        router = next((each for each in routers if device and each["device"] == device), None)
        if router is not None:
            facts = {"interface": wan.interface, "other": "virtual_router '%s'" % router["name"]}
            found.append(_diagnostic("wan-is-lan", wan, config, "interface", facts))
    return found


def _device(wan: WanSettings, resolve: "Resolve") -> str:
    try:
        return resolve(wan.interface)
    except InterfaceError:
        # It may come later; the agent says so while it is not there.
        return ""


def warnings(wans: tuple[WanSettings, ...], config: str, network: str = NETWORK) -> list[Diagnostic]:
    """Return what keeps WANs from being one for all routers, as far as this one can tell."""
    sections = network_sections(network)
    found = [each for wan in wans for each in _of_one(wan, sections, config)]
    if wans and not is_paired():
        found.append(_diagnostic("wan-unpaired", wans[0], config, None, {}))
    return found


def _of_one(wan: WanSettings, sections: Sections, config: str) -> list[Diagnostic]:
    if not sections:
        return []
    facts = {"interface": wan.interface}
    own = next((each for each in sections if each.type == "interface" and each.name == wan.interface), None)
    if own is None:
        return [_diagnostic("wan-unknown", wan, config, "interface", facts)]
    found = []
    if own.value("auto") != "0":
        found.append(_diagnostic("wan-auto", wan, config, "interface", facts))
    if own.value("proto") in LEASED and not _has_common_mac(own, sections):
        found.append(_diagnostic("wan-mac", wan, config, "interface", facts))
    return found


def _has_common_mac(interface: UciSection, sections: Sections) -> bool:
    """Tell whether the MAC address is somebody's choice, and not that of this router's port."""
    name = interface.value("device")
    devices = [each for each in sections if each.type == "device" and each.value("name") == name]
    # @wan: on the device of another interface, which has its own warning.
    # One of the interface itself is set when that comes up, too late for a takeover.
    return name.startswith("@") or any(each.value("macaddr") for each in devices)


def _diagnostic(
    code: str, wan: WanSettings, config: str, option: str | None, facts: dict[str, Any]
) -> Diagnostic:
    return Diagnostic(code, facts, config, 0, ("wan", "wan", wan.name), option)
