# SPDX-License-Identifier: GPL-2.0-or-later
"""What the agent has to know of common DHCP leases."""

from typing import Any

from haven.config.model import DhcpSettings, Model


def part(model: Model, routers: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return what the plan has for the agent's part, or None where no LAN's leases are common."""
    common = [dhcp for dhcp in model.dhcps if dhcp.leases]
    if not common:
        return None
    by_name = {router["name"]: router for router in routers}
    given = [dhcp.lease_file for dhcp in common if dhcp.lease_file]
    return {
        "lans": [_lan(dhcp, by_name[dhcp.router]) for dhcp in common],
        # Empty: as /etc/config/dhcp has it, which may change meanwhile.
        "lease_file": given[0] if given else "",
    }


def _lan(dhcp: DhcpSettings, router: dict[str, Any]) -> dict[str, Any]:
    return {
        "interface": dhcp.interface,
        "device": router["device"],
        "group": router["group"],
        "address": router["addresses"][0],
    }
