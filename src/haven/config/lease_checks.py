# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands against common leases: nobody is paired, static leases clash, others are to serve."""

import os
from collections.abc import Iterator

from haven.config.model import DhcpSettings
from haven.config.section_values import SectionValues
from haven.config.uci.document import UciSection
from haven.contract.diagnostics import Diagnostic

# Beside /etc/config/haven, and what is paired in /etc/haven.
DHCP, PAIRED = "dhcp", "../haven/peers/peers.json"
UNIQUE = ("ip", "mac")


def has_common_leases(dhcps: tuple[DhcpSettings, ...]) -> bool:
    """Tell whether leases are to be common on any LAN."""
    return any(dhcp.leases for dhcp in dhcps)


def check_serving(values: SectionValues) -> None:
    """Note that the routers that are to answer are not those that can.

    dnsmasq reads leases as it starts; one that serves beside another says no to the other one's clients.
    """
    wanted, has_leases = values.one("serve"), values.one("leases")
    if wanted == "both" and has_leases:
        values.complain("dhcp-serve-both", "serve")
    elif wanted == "active" and not has_leases and values.sure("leases"):
        values.complain("dhcp-serve-active", "serve")


def is_paired(file: str) -> bool:
    """Tell whether the router whose configuration this is has been paired."""
    return os.path.exists(os.path.join(os.path.dirname(file), PAIRED))


def dhcp_beside(file: str) -> str:
    """Return the path of /etc/config/dhcp for that of /etc/config/haven."""
    return os.path.join(os.path.dirname(file), DHCP)


def unpaired(dhcps: tuple[DhcpSettings, ...], file: str) -> list[Diagnostic]:
    """Return that leases have nowhere to go."""
    places = [("dhcp", "dhcp", dhcp.name) for dhcp in dhcps if dhcp.leases]
    return [Diagnostic("leases-unpaired", {}, file, 0, places[0], "leases")]


def clashes(hosts: list[UciSection], file: str) -> Iterator[Diagnostic]:
    """Give static leases for one device or one address: the two routers could take another one each."""
    seen: dict[tuple[str, str], UciSection] = {}
    for section in hosts:
        for entry in section.entries if section.type == "host" else ():
            for value in entry.value.lower().split():
                first = seen.setdefault((entry.name, value), section)
                if entry.name in UNIQUE and first is not section:
                    facts = {"value": value, "line": first.line}
                    yield Diagnostic("dhcp-host-clash", facts, file, section.line, section.place, entry.name)
