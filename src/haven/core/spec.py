# SPDX-License-Identifier: GPL-2.0-or-later
"""What the engine is told to run: groups and their virtual routers, from the plan.

Settings are attributes by the keys that the option table gives them; those that the engine acts by are
declared here.
"""

from haven.core.clock import SECOND
from haven.core.value import Value
from haven.core.vrrp.constants import PSEUDO_HEADER, multicast_group

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from haven.core.auth.auth_spec import AuthSpec


VRRP, CARP = PROTOCOLS = ("vrrp", "carp")
# Who tells others where an address is: we, on its link, or the routing daemon of this router.
BY_ARP, BY_ROUTE = ANNOUNCING = ("arp", "route")


class RouterSpec(Value):
    """A virtual router: addresses are octets, names the user's. Of CARP it is a CarpSpec.

    `tracks` are (device, weight): weight 0 is a fault while the device is down, any other is taken
    off the priority of the whole group.
    """

    protocol = VRRP
    vrid: int
    version: int
    priority: int
    advert_interval_us: int
    checksum: str
    announce_refresh_us: int
    unicast_hops: int
    announce: str

    def __init__(
        self,
        name: str,
        device: str,
        family: int,
        addresses: "tuple[bytes, ...]",
        auth: "bytes | None" = None,
        source: "bytes | None" = None,
        unicast_peers: "tuple[bytes, ...]" = (),
        tracks: "tuple[tuple[str, int], ...]" = (),
        **settings: "Any",
    ) -> None:
        self.name = name
        self.device = device
        self.family = family
        self.addresses = addresses
        self.auth = auth
        self.source = source
        self.unicast_peers = unicast_peers
        self.tracks = tracks
        self.checksum = PSEUDO_HEADER
        self.announce_refresh_us = 60 * SECOND
        self.unicast_hops = 0
        # Its keys, where it has any.
        self.authentication: AuthSpec | None = None
        self.announce = BY_ARP
        for key in settings:
            setattr(self, key, settings[key])

    def wire(self) -> "tuple[str, int, int]":
        """Return what tells one virtual router from another: device, family, VRID (RFC 9568 1.6)."""
        return (self.device, self.family, self.vrid)

    def destinations(self) -> "tuple[bytes, ...]":
        """Return where ADVERTISEMENTs go: the unicast peers, or the multicast group."""
        return self.unicast_peers or (multicast_group(self.family),)


class GroupSpec(Value):
    """Virtual routers that change state together.

    `sync_wait_us` is the longest that preemption waits for this node to be in sync with the Active;
    `checks` are (name, weight), as the tracks of a virtual router;
    `witnesses` are (device, address); of `majority` routers more than half have to be heard (0: none).
    """

    preempt: bool
    preempt_delay_us: int
    witness_patience_us: int
    majority: int
    heartbeat_us: int

    def __init__(
        self,
        name: str,
        routers: "tuple[RouterSpec, ...]",
        sync_wait_us: int = 0,
        checks: "tuple[tuple[str, int], ...]" = (),
        witnesses: "tuple[tuple[str, bytes], ...]" = (),
        **settings: "Any",
    ) -> None:
        self.name = name
        self.routers = routers
        self.sync_wait_us = sync_wait_us
        self.checks = checks
        self.preempt = False
        self.preempt_delay_us = 0
        self.witnesses = witnesses
        self.witness_patience_us = 5 * SECOND
        self.majority = 0
        self.heartbeat_us = 0
        for key in settings:
            setattr(self, key, settings[key])

    def devices(self) -> "set[str]":
        """Return the devices that it follows."""
        found = {router.device for router in self.routers}
        found.update([device for router in self.routers for device, _weight in router.tracks])
        return found
