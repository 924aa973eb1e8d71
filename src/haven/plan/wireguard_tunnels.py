# SPDX-License-Identifier: GPL-2.0-or-later
"""WireGuard interfaces: what the plan has for the agent, and what on this machine is against them."""

import os
import shutil
from typing import Any

from haven.config.model import WireguardSettings
from haven.config.uci.document import UciSection
from haven.contract.diagnostics import Diagnostic
from haven.contract.wireguard_words import is_key
from haven.plan.network_file import NETWORK, Sections, is_paired, network_sections

# What a peer cannot do without.
NEEDED = ("public_key", "allowed_ips")

# A code with its facts.
Finding = tuple[str, dict[str, Any]]


def part(wireguards: tuple[WireguardSettings, ...]) -> dict[str, Any] | None:
    """Return what the plan has for the agent's part, or None where no interface is ours."""
    if not wireguards:
        return None
    return {
        "tunnels": [
            {
                "name": each.name,
                "interface": each.interface or "",
                # netifd calls the device as the interface.
                "device": each.device or each.interface,
                "group": each.group,
            }
            for each in wireguards
        ]
    }


def warnings(
    wireguards: tuple[WireguardSettings, ...], config: str, network: str = NETWORK
) -> list[Diagnostic]:
    """Return what is against the interfaces, as far as this router can tell now."""
    if not wireguards:
        return []
    sections = network_sections(network)
    found = []
    for each in wireguards:
        option = "interface" if each.interface else "device"
        for code, facts in _of_one(each, sections):
            found.append(_diagnostic(code, each, config, option, facts))
    if shutil.which("wg") is None:
        found.append(_diagnostic("wireguard-tool", wireguards[0], config, None, {}))
    if not is_paired():
        found.append(_diagnostic("wireguard-unpaired", wireguards[0], config, None, {}))
    return found


def _of_one(wireguard: WireguardSettings, sections: Sections) -> list[Finding]:
    if wireguard.interface is None:
        here = os.path.exists("/sys/class/net/%s" % wireguard.device)
        return [] if here else [("wireguard-device", {"device": wireguard.device})]
    facts = {"interface": wireguard.interface}
    if not sections:
        return []
    wanted = ("interface", wireguard.interface)
    own = next((each for each in sections if (each.type, each.name) == wanted), None)
    if own is None:
        return [("wan-unknown", facts)]
    if own.value("proto") != "wireguard":
        return [("wireguard-proto", {**facts, "actual": own.value("proto")})]
    found = [] if own.value("auto") == "0" else [("wan-auto", facts)]
    if not is_key(own.value("private_key")):
        found.append(("wireguard-key", facts))
    return found + _of_peers(facts["interface"], sections)


def _of_peers(interface: str, sections: Sections) -> list[Finding]:
    peers = [each for each in sections if each.type == "wireguard_" + interface]
    found: list[Finding] = [] if peers else [("wireguard-peers", {"interface": interface})]
    for number, peer in enumerate(peers):
        who = peer.value("description") or peer.name or "@%s[%d]" % (peer.type, number)
        facts = {"interface": interface, "peer": who}
        found += [("wireguard-peer", {**facts, "missing": each}) for each in NEEDED if not _has(peer, each)]
    return found


def _has(peer: UciSection, option: str) -> bool:
    values = [entry.value for entry in peer.entries if entry.name == option]
    return any(is_key(each) for each in values) if option == "public_key" else any(values)


def _diagnostic(
    code: str, wireguard: WireguardSettings, config: str, option: str | None, facts: dict[str, Any]
) -> Diagnostic:
    return Diagnostic(code, facts, config, 0, ("wireguard", "wireguard", wireguard.name), option)
