# SPDX-License-Identifier: GPL-2.0-or-later
"""How a standby reaches the Internet where the WAN is the Active's alone: as a client of the Active's LAN.

The route leads to a virtual address, so that it follows a failover by itself; who holds that address never
has the route. Names are asked of the same address, by an interface without addresses that netifd is told of.
"""

from typing import Any

from haven.agent.loop import Scope
from haven.agent.roles import ACTIVE
from haven.agent.wan.lease_steps import make_way_out
from haven.agent.wan.runtime_interface import RuntimeInterface

Document = dict[str, Any]

PREFIX = "hv_out_"


class WayOut:
    """One group's; `take_role` is told of every state of it. `place` is a device and a virtual address."""

    place: tuple[str, str]

    def __init__(self, scope: Scope, group: str) -> None:
        self._group = group
        self._names = RuntimeInterface(scope, PREFIX + group)

    def loan(self) -> Document:
        """Return what havend is to take while this router is not Active."""
        return make_way_out(self._group, *self.place)

    def take_role(self, state: str) -> None:
        """Let names be asked of the Active, as long as that is somebody else."""
        device, gateway = self.place
        if state not in ("", ACTIVE):
            self._names.keep(device=device, dns=[gateway])
        elif state == ACTIVE:
            self._names.remove()

    def close(self) -> None:
        """Ask nobody for names any more."""
        self._names.remove()


def find_way(document: Document, group: str) -> tuple[str, str] | None:
    """Return the device and the virtual IPv4 address by which a group of the plan is reached."""
    for router in document.get("virtual_routers", ()):
        if router["group"] == group and router["family"] == 4:
            return router["device"], router["addresses"][0].partition("/")[0]
    return None
