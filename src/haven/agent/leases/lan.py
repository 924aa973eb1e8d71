# SPDX-License-Identifier: GPL-2.0-or-later
"""The LANs whose leases are common: on which device, in which group, which addresses."""

from collections.abc import Iterable
from ipaddress import ip_address, ip_interface
from typing import Any

from haven.agent.roles import ACTIVE


class Lan:
    """One row of the plan's."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.interface, self.device = document["interface"], document["device"]
        self.group = document["group"]
        self.network = ip_interface(document["address"]).network

    def is_served(self, states: dict[str, str]) -> bool:
        """Tell whether this router answers there, by the states of the groups."""
        return states.get(self.group) == ACTIVE

    def has(self, address: str) -> bool:
        """Tell whether an address is one of this LAN's; of a LAN of one address nobody knows."""
        return self.network.num_addresses == 1 or ip_address(address) in self.network


def read_lans(plan: dict[str, Any]) -> list[Lan]:
    """Return the LANs of a plan."""
    return [Lan(each) for each in plan["lans"]]


def lan_of(lans: Iterable[Lan], address: str) -> Lan | None:
    """Return the LAN that an address is in."""
    return next((lan for lan in lans if lan.has(address)), None)
