# SPDX-License-Identifier: GPL-2.0-or-later
"""The checked configuration as typed values.

A section's values are attributes by the keys of its rows in the option table: `list address` is `addresses`,
a tuple; `option renew`, in seconds, is `renew_us`. What is declared here is what type checkers know of them.
"""

from collections.abc import Sequence
from typing import Any

from haven.config.addresses import Address, Route, TrackedInterface, Witness
from haven.config.options.service_section import USUAL_ORDER, USUAL_ROLE
from haven.config.section_values import SectionValues
from haven.config.service_profiles import profile_named
from haven.contract.diagnostics import Diagnostic

# Gateway and DNS server.
USUAL_DHCP_OPTIONS = (3, 6)


class Settings:
    """The values of one section, which is known by its name."""

    def __init__(self, values: SectionValues) -> None:
        self.name = values.section.name
        self.values = values.settings()
        vars(self).update(self.values)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.values})"

    def __getattr__(self, key: str) -> Any:
        raise AttributeError(f"a {type(self).__name__} has no {key}")


class NodeSettings(Settings):
    """This router; realtime is the SCHED_RR priority, 0 for none."""

    enabled: bool
    node: str
    realtime: int
    upgrade: bool
    drill: str | None
    drill_kind: str
    keeps: tuple[str, ...]


class GroupSettings(Settings):
    """Virtual routers that change state together."""

    preempt: bool
    preempt_delay_us: int
    track_hosts: tuple[str, ...]
    track_scripts: tuple[str, ...]
    witnesses: tuple[Witness, ...]
    witness_patience_us: int
    majority: int | None
    takeover_commands: tuple[str, ...]
    takeover_timeout_us: int


class VirtualRouterSettings(Settings):
    """Addresses that move between routers; one of interface and device is set."""

    group: str
    interface: str | None
    device: str | None
    vrid: int
    protocol: str
    version: int
    priority: int
    advert_interval_us: int
    advskew: int | None
    password: bytes | None
    broadcast: bool
    virtual_mac: bool
    accept: bool
    addresses: tuple[Address, ...]
    routes: tuple[Route, ...]
    unicast_peers: tuple[bytes, ...]
    auth_pass: bytes | None
    auth_key: tuple[int, bytes] | None
    auth_key_other: tuple[int, bytes] | None
    auth_mode: str
    auth_replay: str
    auth_window_us: int | None
    track_interfaces: tuple[TrackedInterface, ...]
    track_hosts: tuple[str, ...]
    track_scripts: tuple[str, ...]
    bfds: tuple[str, ...]
    source_address: bytes | None
    announce: str
    announce_device: str
    announce_metric: int
    standby_metric: int | None
    ra: bool
    ra_prefixes: tuple[Address, ...]
    ra_dnses: tuple[bytes, ...]
    ra_domains: tuple[str, ...]
    ra_flagses: tuple[str, ...]
    ra_default: int | None
    ra_preference: str | None
    ra_lifetime_us: int | None
    ra_maxinterval_us: int | None
    ra_mtu: int | None

    @property
    def family(self) -> int:
        """4 or 6: that of the addresses."""
        return self.addresses[0].family


class BfdSettings(Settings):
    """A BFD session with another router."""

    address: bytes
    min_tx_us: int
    min_rx_us: int
    multiplier: int


class CheckSettings(Settings):
    """What all checks have: how often, how long, how many until a verdict, and what a bad one takes off."""

    interval_us: int
    timeout_us: int
    rise: int
    fall: int
    weight: int


class TrackHostSettings(CheckSettings):
    """A host that has to answer; without interface and device its network decides."""

    address: bytes
    kind: str
    interface: str | None
    device: str | None
    port: int | None
    query: str


class TrackScriptSettings(CheckSettings):
    """A program that has to say that all is well."""

    command: str
    user: str


class ConntrackSettings(Settings):
    """Where connections are copied between the routers; what is None the kernel decides."""

    enabled: bool
    interface: str | None
    device: str | None
    address: bytes
    peer_addresses: tuple[bytes, ...]
    port: int
    protect: bytes | None
    renew_us: int | None
    sync_wait_us: int
    guard: bool
    hash_size: int | None
    hash_limit: int | None
    netlink_buffer: int | None
    socket_buffer: int | None

    @property
    def copy_port(self) -> int:
        """Return the UDP port of conntrackd.

        Several have another than two. A router that lists several would hear one that lists it alone, take
        that for the whole table, and be heard by nobody.
        """
        return self.port + 2 if len(self.peer_addresses) > 1 else self.port

    @property
    def agent_port(self) -> int:
        """Return the UDP port on which the agents tell each other of their tables."""
        return self.port + 1

    @property
    def protected_port(self) -> int:
        """Return the UDP port of the protected link."""
        return self.port + 2


class DhcpSettings(Settings):
    """A LAN whose clients are told the virtual address in these DHCP options."""

    interface: str
    dhcp_options: tuple[int, ...]
    leases: bool
    lease_file: str | None

    def __init__(self, values: SectionValues, router: VirtualRouterSettings) -> None:
        super().__init__(values)
        self.address = router.addresses[0].octets
        self.router = router.name
        self.dhcp_options = self.dhcp_options or USUAL_DHCP_OPTIONS


class WanSettings(Settings):
    """A WAN that the Active of a group dials."""

    interface: str
    group: str
    standby_out: bool


class WireguardSettings(Settings):
    """A WireGuard interface that the Active of a group has up."""

    interface: str | None
    device: str | None
    group: str


class ServiceSettings(Settings):
    """A service by role, with what its profile says where the section says nothing."""

    enabled: bool
    profile: str | None
    inits: tuple[str, ...]
    interfaces: tuple[str, ...]
    servers: tuple[str, ...]
    group: str
    role: str
    order: int
    required: bool
    start: str | None
    stop: str | None
    reload: str | None
    check: str | None
    start_timeout_us: int
    stop_timeout_us: int
    check_interval_us: int

    def __init__(self, values: SectionValues, groups: Sequence[str]) -> None:
        super().__init__(values)
        usual = profile_named(self.profile)
        self.group = self.group or groups[0]
        self.inits = self.inits or (usual.inits if usual else ())
        self.role = self.role or (usual.role if usual else USUAL_ROLE)
        if self.order is None:
            self.order = usual.order if usual else USUAL_ORDER
        # Whether it runs only where procd has a process of it.
        self.process = bool(usual and usual.process and usual.inits == self.inits)


class SyncSettings(Settings):
    """What paired routers share beside the table, and files."""

    enabled: bool
    shareds: tuple[str, ...]
    locals: tuple[str, ...]
    files: tuple[str, ...]


class MetricsSettings(Settings):
    """Where the metrics are answered over HTTP."""

    enabled: bool
    addresses: tuple[bytes, ...]
    port: int


class NotifySettings(Settings):
    """Somebody who is told what happens; one of the four ways is set."""

    ons: tuple[str, ...]
    severity: str
    command: str | None
    mail: str | None
    ntfy: str | None
    webhook: str | None
    interval_us: int
    timeout_us: int


def advertising(model: "Model") -> tuple[str, ...]:
    """Return the interfaces of netifd's on which this router sends router advertisements."""
    return tuple(router.interface for router in model.virtual_routers if router.ra and router.interface)


class Model:
    """A whole configuration without a problem; `warnings` name what in it is odd."""

    def __init__(
        self,
        main: NodeSettings,
        groups: tuple[GroupSettings, ...],
        virtual_routers: tuple[VirtualRouterSettings, ...],
        conntrack: ConntrackSettings | None,
        dhcps: tuple[DhcpSettings, ...],
        track_hosts: tuple[TrackHostSettings, ...],
        track_scripts: tuple[TrackScriptSettings, ...],
        services: tuple[ServiceSettings, ...],
        is_common: bool,
        warnings: tuple[Diagnostic, ...],
        wans: tuple[WanSettings, ...] = (),
        wireguards: tuple[WireguardSettings, ...] = (),
        bfds: tuple[BfdSettings, ...] = (),
        metrics: MetricsSettings | None = None,
        notifies: tuple[NotifySettings, ...] = (),
    ) -> None:
        self.main = main
        self.groups = groups
        self.virtual_routers = virtual_routers
        # None, too, where connections are configured but not to be copied.
        self.conntrack = conntrack if conntrack is not None and conntrack.enabled else None
        self.dhcps = dhcps
        self.track_hosts, self.track_scripts = track_hosts, track_scripts
        self.wans, self.wireguards = wans, wireguards
        self.bfds = bfds
        # None, too, where nobody is to ask.
        self.metrics = metrics if metrics is not None and metrics.enabled else None
        self.notifies = notifies
        # In the order in which they are started.
        self.services = services
        # Whether the configuration is to be the same on all paired routers.
        self.is_common = is_common
        self.warnings = warnings

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Model) and self._meaning() == other._meaning()

    def __hash__(self) -> int:
        return hash(repr(self._meaning()))

    def _meaning(self) -> tuple[object, ...]:
        checks = (self.track_hosts, self.track_scripts)
        more = (self.conntrack, self.dhcps, self.services, self.wans, self.wireguards, self.bfds)
        told = (self.metrics, self.notifies)
        return (self.main, self.groups, self.virtual_routers, checks, *more, *told)
