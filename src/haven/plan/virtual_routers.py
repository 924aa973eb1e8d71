# SPDX-License-Identifier: GPL-2.0-or-later
"""Virtual routers and the facts of this machine become their part of the plan."""

from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from haven.config.addresses import Address, Route
from haven.config.model import VirtualRouterSettings
from haven.config.options import VIRTUAL_ROUTER
from haven.contract.diagnostics import Diagnostic
from haven.core.spec import BY_ROUTE, CARP
from haven.core.vrrp.advert import HEADER_LENGTH
from haven.core.vrrp.constants import CARP_LENGTH, PASSWORD_LENGTH, is_link_local, virtual_mac
from haven.inet import text_of
from haven.plan import carp
from haven.plan.advert_content import router_advert
from haven.plan.device_names import macvlan_name
from haven.plan.machine import ETHERNET, DeviceFacts, InterfaceError, Machine
from haven.plan.netlink_encoder import RouteParts
from haven.plan.router_keys import authentication, trailer_length
from haven.plan.stages import RouterPlace, stages

Resolve = Callable[[str], str]

# An address outlives havend by this much at most; three renewals can be lost before it does.
ADDRESS_LIFETIME_US = 8_000_000
RENEW_US = 2_000_000

# Every machine has it, also one that does not tell of it.
LOOPBACK = "lo"

IP_HEADER = {4: 20, 6: 40}
ADDRESS_SIZE = {4: 4, 6: 16}


class RouterCompiler:
    """Compiles virtual routers; what stands in the way is in `problems`, what is odd in `warnings`."""

    def __init__(self, machine: Machine, config: str, resolve: Resolve) -> None:
        self.problems: list[Diagnostic] = []
        self.warnings: list[Diagnostic] = []
        self._machine = machine
        self._config = config
        self._resolve = resolve

    def compile(self, router: VirtualRouterSettings) -> dict[str, Any]:
        """Return one virtual router of the plan."""
        device = router.device or self._device_of(router)
        link = self._machine.links.get(device)
        self._check(router, device, link)
        mac = _virtual_mac(router).hex(":") if router.virtual_mac else None
        by_route = router.announce == BY_ROUTE
        place = RouterPlace(
            family=router.family,
            device=device,
            address_device=self._holder(router, device),
            virtual_mac=mac,
            bridge=_bridge(self._machine, link),
            addresses=_in_order(router.addresses),
            routes=tuple(_route(router, route, device) for route in router.routes),
            lifetime_us=ADDRESS_LIFETIME_US,
            metric=router.announce_metric if by_route else None,
            standby_metric=router.standby_metric,
        )
        facts = {**self._facts(router, place), **_engine_settings(router), **stages(place)}
        keys = authentication(router)
        if keys is not None:
            facts["authentication"] = keys
        if router.protocol == CARP:
            facts.update(carp.facts(router))
        if router.ra:
            facts["router_advert"] = self._router_advert(router, device, link)
        return facts

    def _holder(self, router: VirtualRouterSettings, device: str) -> str:
        if router.announce == BY_ROUTE:
            if router.announce_device not in (LOOPBACK, *self._machine.links):
                facts = {"device": router.announce_device}
                self._add(self.warnings, router, "announce_device", "device-missing", **facts)
            return router.announce_device
        return macvlan_name(router.family, router.vrid, device) if router.virtual_mac else device

    def _router_advert(
        self, router: VirtualRouterSettings, device: str, link: DeviceFacts | None
    ) -> dict[str, Any]:
        if link is not None and link.hardware != ETHERNET:
            self._add(self.problems, router, "ra", "ra-not-ethernet", device=device)
        document, odd = router_advert(router, self._config, link.mtu if link is not None else 0)
        self.warnings += odd
        return document

    def _facts(self, router: VirtualRouterSettings, place: RouterPlace) -> dict[str, Any]:
        return {
            "name": router.name,
            "group": router.group,
            "device": place.device,
            "interface": router.interface,
            "family": router.family,
            "auth": router.auth_pass.hex() if router.auth_pass is not None else None,
            "accept": router.accept,
            "virtual_mac": place.virtual_mac.replace(":", "") if place.virtual_mac else None,
            "address_device": place.address_device,
            "addresses": list(place.addresses),
            "source": _text(router.source_address),
            "unicast_peers": [text_of(peer) for peer in router.unicast_peers],
            "tracks": [[self._tracked(router, each.name), each.weight] for each in router.track_interfaces],
        }

    def _device_of(self, router: VirtualRouterSettings) -> str:
        try:
            return self._resolve(router.interface or "")
        except InterfaceError as why:
            self._add(self.problems, router, "interface", why.code, **why.facts)
            return ""

    def _tracked(self, router: VirtualRouterSettings, name: str) -> str:
        if name in self._machine.links:
            return name
        try:
            return self._resolve(name)
        except InterfaceError:
            self._add(self.warnings, router, None, "tracked-missing", interface=name)
            return name

    def _check(self, router: VirtualRouterSettings, device: str, link: DeviceFacts | None) -> None:
        if not device:
            return
        if link is None:
            code = "device-missing-macvlan" if router.virtual_mac else "device-missing"
            self._add(self.warnings, router, None, code, device=device)
            return
        if router.virtual_mac and link.hardware != ETHERNET:
            self._add(self.problems, router, "virtual_mac", "device-not-ethernet", device=device)
        for code in _oddities(router, link):
            self._add(self.warnings, router, None, code, device=device)
        octets = advertisement_size(router)
        if octets > link.mtu:
            facts = {"count": len(router.addresses), "octets": octets, "device": device, "mtu": link.mtu}
            self._add(self.problems, router, "address", "advertisement-large", **facts)
        self._look_for_own(router)

    def _look_for_own(self, router: VirtualRouterSettings) -> None:
        virtual = {text_of(address.octets) for address in router.addresses}
        for name in sorted(self._machine.links):
            for own in self._machine.links[name].addresses:
                if own.text in virtual and own.permanent and not ip_address(own.text).is_loopback:
                    self._add(self.warnings, router, None, "address-own", address=own.text, device=name)

    def look_for_twins(self, routers: list[dict[str, Any]]) -> None:
        """Report virtual routers that turn out to be one and the same on the wire."""
        seen: dict[tuple[str, int, int], str] = {}
        for router in routers:
            key = (router["device"], router["vrid"], router["family"])
            if key in seen and router["device"]:
                facts = {"vrid": router["vrid"], "name": seen[key], "device": router["device"]}
                self._note(self.problems, router["name"], "vrid", "vrid-twice", facts)
            seen.setdefault(key, router["name"])
        advertising: dict[str, str] = {}
        for router in routers:
            if "router_advert" in router and router["device"]:
                first = advertising.setdefault(router["device"], router["name"])
                if first != router["name"]:
                    facts = {"name": first, "device": router["device"]}
                    self._note(self.problems, router["name"], "ra", "ra-twice", facts)

    def _add(
        self,
        found: list[Diagnostic],
        router: VirtualRouterSettings,
        option: str | None,
        code: str,
        **facts: Any,
    ) -> None:
        self._note(found, router.name, option, code, facts)

    def _note(
        self, found: list[Diagnostic], name: str, option: str | None, code: str, facts: dict[str, Any]
    ) -> None:
        place = ("virtual_router '%s'" % name, "virtual_router", name)
        found.append(Diagnostic(code, facts, self._config, 0, place, option))


def _virtual_mac(router: VirtualRouterSettings) -> bytes:
    # CARP has one for both families.
    return virtual_mac(4 if router.protocol == CARP else router.family, router.vrid)


def _oddities(router: VirtualRouterSettings, link: DeviceFacts) -> list[str]:
    """Return what keeps a virtual router from working on a kind of device."""
    found = {
        "device-no-ipv6": router.family == 6 and link.without_ipv6,
        "device-no-multicast": not link.multicast and not router.unicast_peers,
        "device-wireless-client": link.wireless_client and router.virtual_mac,
    }
    return [code for code, is_so in found.items() if is_so]


def advertisement_size(router: VirtualRouterSettings) -> int:
    """Return the size of a virtual router's ADVERTISEMENT with its IP header."""
    if router.protocol == CARP:
        return IP_HEADER[router.family] + CARP_LENGTH
    trailer = trailer_length(router) + (PASSWORD_LENGTH if router.version == 2 else 0)
    body = HEADER_LENGTH + ADDRESS_SIZE[router.family] * len(router.addresses) + trailer
    return IP_HEADER[router.family] + body


def sysctls(router: dict[str, Any]) -> list[list[str]]:
    """Return the kernel settings that a virtual router of the plan needs."""
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


def _engine_settings(router: VirtualRouterSettings) -> dict[str, Any]:
    return {option.key: router.values[option.key] for option in VIRTUAL_ROUTER.options if option.engine}


def _in_order(addresses: tuple[Address, ...]) -> tuple[str, ...]:
    # RFC 9568 5.2.9: the first IPv6 address of an advertisement is the link-local one.
    ordered = sorted(addresses, key=lambda each: each.family == 6 and not is_link_local(each.octets))
    return tuple(address.text for address in ordered)


def _text(octets: bytes | None) -> str | None:
    return None if octets is None else text_of(octets)


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
