# SPDX-License-Identifier: GPL-2.0-or-later
"""The compiler: a checked model and the facts of this machine become a plan."""

import os
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from haven import PLAN_VERSION
from haven.config.diagnostic import Diagnostic
from haven.config.load import load
from haven.config.model import Address, ConntrackSettings, GroupSettings, Model, Route, VirtualRouterSettings
from haven.core.vrrp.constants import is_link_local, virtual_mac
from haven.plan import accept_mode, conntrack_rules, stages
from haven.plan.conntrack import connections, doubts, settings
from haven.plan.device_names import macvlan_name
from haven.plan.machine import ETHERNET, DeviceFacts, InterfaceError, Machine, read_machine, resolve_interface
from haven.plan.netlink_encoder import RouteParts

Resolve = Callable[[str], str]

# An address outlives havend by this much at most; three renewals can be lost before it does.
ADDRESS_LIFETIME_US = 8_000_000
RENEW_US = 2_000_000

IP_HEADER = {4: 20, 6: 40}
ADDRESS_SIZE = {4: 4, 6: 16}
VRRP_HEADER = 8
V2_AUTH = 8


def make_plan(config_path: str) -> tuple[dict[str, Any] | None, list[Diagnostic]]:
    """Read a configuration and compile it for this machine; without a plan there are problems."""
    # Looked at before it is read: a change in between makes the plan look old, never new.
    mark = _mark(config_path)
    model, problems = load(config_path)
    if model is None:
        return None, list(problems)
    plan, more = compile_plan(model, read_machine(), config_path)
    if plan is not None and not plan["warnings"]:
        # With a warning the plan stays without its mark: the next start makes it anew, when more
        # of the machine may be there.
        plan["made_from"] = mark
    return plan, [*problems, *more]


def _mark(path: str) -> list[Any] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return [path, found.st_mtime_ns, found.st_size]


def compile_plan(
    model: Model, machine: Machine, config: str, resolve: Resolve = resolve_interface
) -> tuple[dict[str, Any] | None, list[Diagnostic]]:
    """Compile a model for a machine; the plan is None if a problem stands in its way."""
    compiler = _Compiler(machine, config, resolve)
    routers = [compiler.router(router) for router in model.virtual_routers]
    compiler.look_for_twins(routers)
    sync_device = compiler.sync_device(model.conntrack)
    if compiler.problems:
        return None, compiler.problems
    copied = connections(model.conntrack, sync_device, _virtual_addresses(routers))
    sysctls = [pair for router in routers for pair in _sysctls(router)]
    return {
        "version": PLAN_VERSION,
        "node": model.main.node,
        "config": config,
        "made_from": None,
        "enabled": model.main.enabled,
        "realtime": model.main.realtime,
        "address_lifetime_us": ADDRESS_LIFETIME_US,
        "renew_us": RENEW_US,
        "warnings": list(dict.fromkeys(compiler.warnings)),
        "groups": [_group(group, _hold_us(model)) for group in model.groups],
        "virtual_routers": routers,
        "sysctls": _unique([*sysctls, *settings(copied)]),
        "commands": _joined(accept_mode.commands(routers), conntrack_rules.commands(copied)),
        "conntrack": copied,
    }, []


class _Compiler:
    """What is found on the way through the virtual routers."""

    def __init__(self, machine: Machine, config: str, resolve: Resolve) -> None:
        self.machine = machine
        self.config = config
        self.resolve = resolve
        self.problems: list[Diagnostic] = []
        self.warnings: list[str] = []

    def router(self, router: VirtualRouterSettings) -> dict[str, Any]:
        """Compile one virtual router; what is wrong with it is in `problems` afterwards."""
        device = router.device or self._device_of(router)
        link = self.machine.links.get(device)
        self._check(router, device, link)
        mac = virtual_mac(router.family, router.vrid).hex(":") if router.virtual_mac else None
        holder = macvlan_name(router.family, router.vrid, device) if mac else device
        addresses = _in_order(router.addresses)
        place = stages.RouterPlace(
            vrid=router.vrid,
            family=router.family,
            device=device,
            holder=holder,
            virtual_mac=mac,
            bridge=_bridge(self.machine, link),
            addresses=addresses,
            routes=tuple(_route(router, route, device) for route in router.routes),
            lifetime_us=ADDRESS_LIFETIME_US,
        )
        return {**self._facts(router, place), **_stages(place)}

    def _facts(self, router: VirtualRouterSettings, place: stages.RouterPlace) -> dict[str, Any]:
        return {
            "name": router.name,
            "group": router.group,
            "device": place.device,
            "interface": router.interface,
            "vrid": router.vrid,
            "family": router.family,
            "version": router.version,
            "priority": router.priority,
            "interval_us": router.interval_us,
            "checksum": router.checksum,
            "auth": router.auth_pass.hex() if router.auth_pass is not None else None,
            "accept": router.accept,
            "virtual_mac": place.virtual_mac.replace(":", "") if place.virtual_mac else None,
            "address_device": place.holder,
            "addresses": list(place.addresses),
            "source": _text(router.source),
            "unicast_peers": [_text(peer) for peer in router.unicast_peers],
            "tracks": [[self._tracked(router, track.name), track.weight] for track in router.tracks],
            "announce_refresh_us": router.announce_refresh_us,
        }

    def _device_of(self, router: VirtualRouterSettings) -> str:
        try:
            return self.resolve(router.interface or "")
        except InterfaceError as why:
            self._problem(router, "interface", str(why))
            return ""

    def sync_device(self, conntrack: ConntrackSettings | None) -> str:
        """Return the device that connections are copied over, empty where they are not."""
        if conntrack is None or not conntrack.enabled:
            return ""
        if conntrack.device is not None:
            device = conntrack.device
        else:
            try:
                device = self.resolve(conntrack.interface or "")
            except InterfaceError as why:
                self.problems.append(Diagnostic(self.config, 0, "conntrack", "interface", str(why)))
                return ""
        self.warnings += doubts(conntrack, device, self.machine)
        return device

    def _tracked(self, router: VirtualRouterSettings, name: str) -> str:
        if name in self.machine.links:
            return name
        try:
            return self.resolve(name)
        except InterfaceError:
            self._warn(router, "tracked interface '%s' does not exist yet" % name)
            return name

    def _check(self, router: VirtualRouterSettings, device: str, link: DeviceFacts | None) -> None:
        if not device:
            return
        if link is None:
            more = "; make the plan again when it does" if router.virtual_mac else ""
            self._warn(router, "device '%s' does not exist yet%s" % (device, more))
            return
        if router.virtual_mac and link.hardware != ETHERNET:
            self._problem(router, "virtual_mac", "device '%s' is not Ethernet, it has no MAC" % device)
        size = advertisement_size(router)
        if size > link.mtu:
            text = "%d addresses make an advertisement of %d octets; '%s' carries %d"
            self._problem(router, "address", text % (len(router.addresses), size, device, link.mtu))
        self._look_for_own(router)

    def _look_for_own(self, router: VirtualRouterSettings) -> None:
        virtual = {_text(address.octets) for address in router.addresses}
        for name in sorted(self.machine.links):
            for own in self.machine.links[name].addresses:
                if own.text in virtual and own.permanent and not ip_address(own.text).is_loopback:
                    text = "%s is also set on %s itself, so this router answers for it as Backup too; "
                    self._warn(router, (text + "give %s an address of its own") % (own.text, name, name))

    def look_for_twins(self, routers: list[dict[str, Any]]) -> None:
        """Report virtual routers that turn out to be one and the same on the wire."""
        seen: dict[tuple[str, int, int], str] = {}
        for router in routers:
            key = (router["device"], router["vrid"], router["family"])
            if key in seen and router["device"]:
                text = "VRID %d is used by '%s' on %s already" % (router["vrid"], seen[key], router["device"])
                self.problems.append(Diagnostic(self.config, 0, _section(router["name"]), "vrid", text))
            seen.setdefault(key, router["name"])

    def _problem(self, router: VirtualRouterSettings, option: str, text: str) -> None:
        self.problems.append(Diagnostic(self.config, 0, _section(router.name), option, text))

    def _warn(self, router: VirtualRouterSettings, text: str) -> None:
        self.warnings.append("%s: %s" % (_section(router.name), text))


def advertisement_size(router: VirtualRouterSettings) -> int:
    """Return the size of a virtual router's ADVERTISEMENT with its IP header."""
    trailer = V2_AUTH if router.version == 2 else 0
    body = VRRP_HEADER + ADDRESS_SIZE[router.family] * len(router.addresses) + trailer
    return IP_HEADER[router.family] + body


def _section(name: str) -> str:
    return "virtual_router '%s'" % name


def _stages(place: stages.RouterPlace) -> dict[str, list[stages.StepDocument]]:
    return {
        "setup": stages.setup(place),
        "takeover": stages.takeover(place),
        "release": stages.release(place),
        "teardown": stages.teardown(place),
    }


def _group(group: GroupSettings, hold_us: int) -> dict[str, Any]:
    return {
        "name": group.name,
        "preempt": group.preempt,
        "preempt_delay_us": group.preempt_delay_us,
        "preempt_hold_us": hold_us,
    }


def _joined(*parts: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    return {stage: [each for part in parts for each in part[stage]] for stage in ("setup", "teardown")}


def _hold_us(model: Model) -> int:
    return model.conntrack.wait_us if model.conntrack is not None and model.conntrack.enabled else 0


def _virtual_addresses(routers: list[dict[str, Any]]) -> list[str]:
    hosts = [address.partition("/")[0] for router in routers for address in router["addresses"]]
    return list(dict.fromkeys(hosts))


def _in_order(addresses: tuple[Address, ...]) -> tuple[str, ...]:
    # RFC 9568 5.2.9: the first IPv6 address of an advertisement is the link-local one.
    return tuple(address.text for address in sorted(addresses, key=_is_not_link_local))


def _is_not_link_local(address: Address) -> bool:
    return address.family == 4 or not is_link_local(address.octets)


def _text(octets: bytes | None) -> str | None:
    return str(ip_address(octets)) if octets is not None else None


def _route(router: VirtualRouterSettings, route: Route, device: str) -> RouteParts:
    # The kernel finds a gateway by its address, on whichever device that is reached.
    out = device if route.device is None and route.via is None else route.device
    destination = route.destination.text if route.destination is not None else ""
    source, via = _text(route.source), _text(route.via)
    return RouteParts(router.family, destination, via, out, source, route.metric, route.table)


def _bridge(machine: Machine, link: DeviceFacts | None) -> tuple[str, int] | None:
    """Return the bridge that a device gets its frames from, with the VLAN that they are in there."""
    if link is None:
        return None
    if link.kind == "bridge":
        if not link.vlan_filtering:
            return link.name, 0
        return (link.name, link.default_vlan) if link.default_vlan else None
    lower = machine.at_index(link.lower) if link.kind == "vlan" else None
    if lower is None or lower.kind != "bridge":
        return None
    return lower.name, link.vlan if lower.vlan_filtering else 0


def _sysctls(router: dict[str, Any]) -> list[list[str]]:
    device, holder = router["device"], router["address_device"]
    if router["virtual_mac"] is None:
        return []
    if router["family"] == 6:
        return [
            # The macvlan must not make itself addresses from router advertisements.
            ["net/ipv6/conf/%s/accept_ra" % holder, "0"],
            ["net/ipv6/conf/%s/autoconf" % holder, "0"],
            # It hears the ARP requests on the device too, and is to leave them all to others.
            ["net/ipv4/conf/%s/arp_ignore" % holder, "8"],
        ]
    return [
        # Without these the device answers for the virtual address with its own MAC address, and
        # names the virtual address as the sender when it asks: neighbours then learn the wrong MAC.
        ["net/ipv4/conf/%s/arp_ignore" % device, "1"],
        ["net/ipv4/conf/%s/arp_announce" % device, "2"],
        ["net/ipv4/conf/%s/arp_ignore" % holder, "1"],
        # Loose: what comes in by the macvlan has its way back by the device under it. The larger of
        # this and conf/all counts, so 2 holds where 0 would not.
        ["net/ipv4/conf/%s/rp_filter" % holder, "2"],
        ["net/ipv6/conf/%s/disable_ipv6" % holder, "1"],
    ]


def _unique(pairs: list[list[str]]) -> list[list[str]]:
    return [list(pair) for pair in dict.fromkeys((key, value) for key, value in pairs)]
