# SPDX-License-Identifier: GPL-2.0-or-later
"""The checked configuration as typed values; addresses are octets, text only for people."""

from dataclasses import dataclass, field

from haven.config.uci.document import UciSection
from haven.inet import text_of


@dataclass(frozen=True, slots=True)
class Address:
    """An address with its prefix length."""

    family: int
    octets: bytes
    prefix: int

    @property
    def text(self) -> str:
        """Write it as '192.168.1.1/24'."""
        return f"{text_of(self.octets)}/{self.prefix}"


@dataclass(frozen=True, slots=True)
class Route:
    """A route that exists while its virtual router is Active; destination None is the default route."""

    destination: Address | None
    via: bytes | None = None
    device: str | None = None
    source: bytes | None = None
    metric: int | None = None
    table: int | None = None

    @property
    def text(self) -> str:
        """Write it as `ip route` does."""
        words = [self.destination.text if self.destination else "default"]
        words += ["via", text_of(self.via)] if self.via else []
        words += ["dev", self.device] if self.device else []
        words += ["src", text_of(self.source)] if self.source else []
        words += ["metric", str(self.metric)] if self.metric is not None else []
        words += ["table", str(self.table)] if self.table is not None else []
        return " ".join(words)


@dataclass(frozen=True, slots=True)
class TrackedInterface:
    """An interface to watch; weight 0: down is a fault, else the priority is lower by it."""

    name: str
    weight: int


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """This router; realtime is the SCHED_RR priority, 0 for none."""

    enabled: bool
    node: str
    realtime: int
    keep: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupSettings:
    """Virtual routers that change state together."""

    name: str
    preempt: bool
    preempt_delay_us: int


@dataclass(frozen=True, slots=True)
class VirtualRouterSettings:
    """Addresses that move between routers; one of interface and device is set."""

    name: str
    group: str
    interface: str | None
    device: str | None
    vrid: int
    version: int
    family: int
    priority: int
    interval_us: int
    virtual_mac: bool
    accept: bool
    addresses: tuple[Address, ...]
    routes: tuple[Route, ...]
    unicast_peers: tuple[bytes, ...]
    auth_pass: bytes | None
    source: bytes | None
    checksum: str
    tracks: tuple[TrackedInterface, ...]
    announce_refresh_us: int


@dataclass(frozen=True, slots=True)
class ConntrackdSizes:
    """Room that conntrackd takes, in entries and KiB; None: as the kernel's limit asks for."""

    hash_size: int | None = None
    hash_limit: int | None = None
    netlink_buffer: int | None = None
    socket_buffer: int | None = None


@dataclass(frozen=True, slots=True)
class ConntrackSettings:
    """Where connections are copied between the routers."""

    enabled: bool
    interface: str | None
    device: str | None
    address: bytes | None
    peers: tuple[bytes, ...]
    port: int
    renew_us: int
    wait_us: int
    guard: bool
    sizes: ConntrackdSizes = ConntrackdSizes()

    @property
    def agent_port(self) -> int:
        """Return the UDP port on which the agents tell each other of their tables."""
        return self.port + 1


@dataclass(frozen=True, slots=True)
class DhcpSettings:
    """A LAN whose clients are told the virtual address in these DHCP options."""

    interface: str
    address: bytes
    options: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """A whole configuration without a problem; `sections` are those it was made from."""

    main: NodeSettings
    groups: tuple[GroupSettings, ...]
    virtual_routers: tuple[VirtualRouterSettings, ...]
    conntrack: ConntrackSettings | None
    dhcps: tuple[DhcpSettings, ...]
    sections: tuple[UciSection, ...] = field(compare=False)

    def group(self, name: str) -> GroupSettings:
        """Find a group by its name."""
        return next(group for group in self.groups if group.name == name)

    def members(self, group: str) -> tuple[VirtualRouterSettings, ...]:
        """Give the virtual routers of a group."""
        return tuple(router for router in self.virtual_routers if router.group == group)
