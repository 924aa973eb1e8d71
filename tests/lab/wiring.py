# SPDX-License-Identifier: GPL-2.0-or-later
"""Of what kind a router's devices are: by default cables, each with the name of its segment."""

from haven.plan.device_names import macvlan_name
from tests.lab.namespace import Namespace
from tests.lab.switch import Switch

SEGMENTS = ("lan", "wan", "sync")
# Of the lab's gateways.
VRIDS = {"lan": 51, "wan": 52}


class Wiring:
    """The devices of the routers of one network."""

    # As the table of what was tried names it.
    kind = "a cable"

    def device(self, segment: str) -> str:
        """Name the device that a router has on a segment."""
        return segment

    def lay(self, switch: Switch, inside: Namespace, macs: dict[str, str]) -> None:
        """Lay the cables of a router, and put up what they end in; its devices have these MAC addresses."""
        for segment in SEGMENTS:
            switch.plug(inside, segment, segment, macs[segment])
            inside.ip(f"link set {segment} up")

    def rules(self, text: str) -> str:
        """Return rules of nftables for the devices that stand in them as segments.

        A macvlan is in the zone of the device under it, as on OpenWrt.
        """
        for segment, vrid in VRIDS.items():
            device = self.device(segment)
            text = text.replace(f'"{segment}"', f'{{ "{device}", "{macvlan_name(4, vrid, device)}" }}')
        return text
