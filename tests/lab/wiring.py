# SPDX-License-Identifier: GPL-2.0-or-later
"""Of what kind a router's devices are: by default cables, each with the name of its segment."""

from tests.lab.namespace import Namespace
from tests.lab.switch import Switch

SEGMENTS = ("lan", "wan", "sync")


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
        """Return rules of nftables for the devices that stand in them as segments."""
        for segment in SEGMENTS:
            text = text.replace(f'"{segment}"', f'"{self.device(segment)}"')
        return text
