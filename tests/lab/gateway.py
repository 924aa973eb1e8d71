# SPDX-License-Identifier: GPL-2.0-or-later
"""What every gateway pair of the lab is told, whichever program it is for."""

from dataclasses import dataclass, field

from tests.lab import network as lab


@dataclass(frozen=True)
class Side:
    """One virtual router: its name, its segment, its VRID and its addresses."""

    name: str
    segment: str
    family: int
    vrid: int
    addresses: tuple[str, ...]


SIDES = (
    Side("lan", "lan", 4, 51, (f"{lab.GATEWAY}/24",)),
    Side("wan", "wan", 4, 52, (f"{lab.UPLINK}/24",)),
    Side("lan6", "lan", 6, 51, (f"{lab.GATEWAY6_LINK_LOCAL}/64", f"{lab.GATEWAY6}/64")),
    Side("wan6", "wan", 6, 52, (f"{lab.UPLINK6_LINK_LOCAL}/64", f"{lab.UPLINK6}/64")),
)


def wide_sides(count: int, addresses: int) -> tuple[Side, ...]:
    """List virtual routers on LAN and WAN in turn, each with many addresses."""
    return tuple(
        Side(
            f"wide{number}",
            ("lan", "wan")[number % 2],
            4,
            60 + number,
            tuple(f"10.{80 + number}.0.{host}/32" for host in range(1, addresses + 1)),
        )
        for number in range(count)
    )


@dataclass(frozen=True)
class Gateway:
    """One router's part in the gateway: LAN and WAN side together, in one group."""

    priority: int = 100
    interval_ms: int = 100
    version: int = 3
    families: tuple[int, ...] = (4,)
    segments: tuple[str, ...] = ("lan", "wan")
    preempt: bool = False
    preempt_delay: int = 0
    virtual_mac: bool = False
    accept: bool = True
    auth_pass: str = ""
    unicast: bool = False
    unicast_hops: int = 0
    tracks: tuple[str, ...] = ()
    group: str = "gateway"
    witnesses: tuple[str, ...] = ()
    # More options of the group.
    group_more: dict[str, object] = field(default_factory=dict)
    more: dict[str, str] = field(default_factory=dict)
    # In place of those that every test knows.
    own_sides: tuple[Side, ...] = ()

    @property
    def sides(self) -> list[Side]:
        """List its virtual routers."""
        if self.own_sides:
            return list(self.own_sides)
        return [side for side in SIDES if side.family in self.families and side.segment in self.segments]

    @property
    def bare_addresses(self) -> list[str]:
        """List its virtual addresses without prefix lengths."""
        return [address.split("/")[0] for side in self.sides for address in side.addresses]


def peers(network: "lab.Network", own: str, side: Side) -> list[str]:
    """List the real addresses of the other routers on a side, for unicast."""
    others = [router for name, router in network.routers.items() if name != own]
    if side.family == 6:
        return [router.link_local(side.segment) for router in others]
    return [router.address(side.segment) for router in others]
