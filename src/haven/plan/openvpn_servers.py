# SPDX-License-Identifier: GPL-2.0-or-later
"""OpenVPN's servers among what runs by role: whom the agent is to call back, and what stands against it."""

import os
from collections.abc import Iterator
from typing import Any

from haven.config.load import read_sections
from haven.config.model import Model, ServiceSettings
from haven.config.openvpn_server import (
    TCP,
    UDP,
    OpenvpnServer,
    is_enabled,
    server_in_file,
    server_in_section,
)
from haven.config.uci.document import UciSection
from haven.contract.diagnostics import Diagnostic
from haven.contract.openvpn import MARK
from haven.plan.nftables import Commands, chain, no_commands, table_commands

PACKAGE = "/etc/config/openvpn"
FOLDER = "/etc/openvpn"
PROFILE = "openvpn"
TABLE = "inet haven_openvpn"

# A server, the file and the section that it stands in.
Found = tuple[OpenvpnServer, str, str]


def part(model: Model, routers: list[dict[str, Any]], root: str = "") -> dict[str, Any] | None:
    """Return what the plan has for the agent's part, or None where there is nobody to call back."""
    planned: list[dict[str, Any]] = []
    for service in model.services:
        virtual = _virtual_addresses(service, routers)
        for server, file, section in _servers(service, root, []):
            addresses = [server.local] if server.local in virtual else virtual
            if server.name in [each["name"] for each in planned]:
                server.name = file
            if server.management and addresses:
                planned.append(_planned(service, server, file, section, addresses))
    return {"servers": planned} if planned else None


def _planned(
    service: ServiceSettings, server: OpenvpnServer, file: str, section: str, addresses: list[str]
) -> dict[str, Any]:
    return {
        "name": server.name,
        "group": service.group,
        "protocol": server.protocol,
        "port": server.port,
        "addresses": addresses,
        "management": server.management,
        "file": file,
        "section": section,
    }


def own_ports(planned: dict[str, Any] | None) -> list[int]:
    """Return the TCP ports of servers, which may begin to listen after a takeover alone."""
    servers = planned["servers"] if planned is not None else []
    return sorted({each["port"] for each in servers if each["protocol"] == TCP})


def commands(planned: dict[str, Any] | None) -> Commands:
    """Return the commands by which what is sent in a server's name keeps its address."""
    if planned is None:
        return no_commands()
    rules = ["type filter hook output priority raw;", "meta mark 0x%x notrack" % MARK]
    return table_commands("openvpn-rules", TABLE, chain("output", rules))


def warnings(model: Model, file: str, root: str = "") -> list[Diagnostic]:
    """Return what keeps clients from being back soon, or makes them ask for a password."""
    found = []
    for service in model.services:
        place = ("service '%s'" % service.name, "service", service.name)
        unreadable: list[tuple[str, str]] = []
        for server, _path, _section in _servers(service, root, unreadable):
            for code, facts in _faults(server):
                found.append(Diagnostic(code, {"server": server.name, **facts}, file, 0, place))
        for path, error in unreadable:
            facts = {"path": path, "error": error}
            found.append(Diagnostic("service-openvpn-unreadable", facts, file, 0, place, "server"))
    return found


def _faults(server: OpenvpnServer) -> Iterator[tuple[str, dict[str, Any]]]:
    late = {"seconds": server.patience_s}
    if server.left_out:
        yield "service-openvpn-left-out", {"options": ", ".join(server.left_out)}
    if not server.management:
        yield "service-openvpn-management", late
    elif server.protocol == UDP and server.wraps_by_client:
        yield "service-openvpn-wrapped", late
    if server.forgets_tokens:
        yield "service-openvpn-token", {}
    if not server.answers_from_one_address:
        yield "service-openvpn-address", {}


def _servers(service: ServiceSettings, root: str, unreadable: list[tuple[str, str]]) -> Iterator[Found]:
    for path in service.servers:
        yield from _read(lambda path=path: server_in_file(path, root), path, "", unreadable)
    if service.profile != PROFILE or service.servers:
        return
    sections = _sections(root)
    for section in sections:
        if is_enabled(section):
            made = (PACKAGE, section.name or "", unreadable)
            yield from _read(lambda section=section: server_in_section(section, root), *made)
    for path in _files(sections, root):
        yield from _read(lambda path=path: server_in_file(path, root), path, "", unreadable)


def _sections(root: str) -> list[UciSection]:
    if not os.path.exists(root + PACKAGE):
        return []
    return [each for each in read_sections(root + PACKAGE) if each.type == "openvpn"]


def _files(sections: list[UciSection], root: str) -> list[str]:
    """Return what OpenWrt's script starts besides: the files that no section names, enabled or not."""
    named = {entry.value for each in sections for entry in each.entries if entry.name == "config"}
    names = sorted(os.listdir(root + FOLDER)) if os.path.isdir(root + FOLDER) else []
    paths = [os.path.join(FOLDER, name) for name in names if name.endswith(".conf")]
    return [path for path in paths if path not in named]


def _read(make: Any, path: str, section: str, unreadable: list[tuple[str, str]]) -> Iterator[Found]:
    try:
        server = make()
    except (OSError, ValueError) as why:
        unreadable.append((path, getattr(why, "strerror", None) or str(why)))
        return
    if server.is_server:
        yield server, path, section


def _virtual_addresses(service: ServiceSettings, routers: list[dict[str, Any]]) -> list[str]:
    """Return the IPv4 addresses of a group: OpenVPN tells no port of clients that come by IPv6."""
    hosts = [
        each.partition("/")[0]
        for router in routers
        if router["group"] == service.group
        for each in router["addresses"]
    ]
    return list(dict.fromkeys(each for each in hosts if ":" not in each))
