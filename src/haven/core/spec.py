# SPDX-License-Identifier: GPL-2.0-or-later
"""What the engine is told to run: groups and their virtual routers, from the plan."""

from haven.core.clock import SECOND
from haven.core.value import Value
from haven.core.vrrp.constants import PSEUDO_HEADER, multicast_group


class RouterSpec(Value):
    """A virtual router: addresses are octets, intervals microseconds, names the user's.

    `tracks` are (device, weight): weight 0 is a fault while the device is down, any other is taken
    off the priority of the whole group.
    """

    def __init__(
        self,
        name: str,
        device: str,
        vrid: int,
        family: int,
        version: int,
        priority: int,
        advert_interval_us: int,
        addresses: "tuple[bytes, ...]",
        checksum: str = PSEUDO_HEADER,
        auth: "bytes | None" = None,
        source: "bytes | None" = None,
        unicast_peers: "tuple[bytes, ...]" = (),
        tracks: "tuple[tuple[str, int], ...]" = (),
        announce_refresh_us: int = 60 * SECOND,
    ) -> None:
        self.name = name
        self.device = device
        self.vrid = vrid
        self.family = family
        self.version = version
        self.priority = priority
        self.advert_interval_us = advert_interval_us
        self.addresses = addresses
        self.checksum = checksum
        self.auth = auth
        self.source = source
        self.unicast_peers = unicast_peers
        self.tracks = tracks
        self.announce_refresh_us = announce_refresh_us

    def wire(self) -> "tuple[str, int, int]":
        """Return what tells one virtual router from another: device, family, VRID (RFC 9568 1.6)."""
        return (self.device, self.family, self.vrid)

    def destinations(self) -> "tuple[bytes, ...]":
        """Return where ADVERTISEMENTs go: the unicast peers, or the multicast group."""
        return self.unicast_peers or (multicast_group(self.family),)


class GroupSpec(Value):
    """Virtual routers that change state together; delays in microseconds.

    `preempt_hold` is the longest that preemption waits for this node to be in sync with the Active.
    """

    def __init__(
        self,
        name: str,
        routers: "tuple[RouterSpec, ...]",
        preempt: bool = False,
        preempt_delay_us: int = 0,
        sync_wait_us: int = 0,
    ) -> None:
        self.name = name
        self.routers = routers
        self.preempt = preempt
        self.preempt_delay_us = preempt_delay_us
        self.sync_wait_us = sync_wait_us
