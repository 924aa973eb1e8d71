# SPDX-License-Identifier: GPL-2.0-or-later
"""The ordered steps of one virtual router: set-up, takeover, release, teardown."""

from dataclasses import dataclass
from errno import EADDRNOTAVAIL, EAFNOSUPPORT, EEXIST, ENODEV, ENOENT, ENXIO, ESRCH
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from haven.plan import netlink_encoder

StepDocument = dict[str, Any]
IPAddress = IPv4Address | IPv6Address

# Any route of the router's own is preferred to the one that a virtual address's prefix makes.
LAST_RESORT_METRIC = 4096
LINK_LOCAL_NETWORK = "fe80::/64"


@dataclass(frozen=True, slots=True)
class RouterPlace:
    """What the steps of a virtual router need to know; addresses are text, with a prefix length."""

    vrid: int
    family: int
    device: str
    holder: str
    virtual_mac: str | None
    bridge: tuple[str, int] | None
    addresses: tuple[str, ...]
    routes: tuple[netlink_encoder.RouteParts, ...]
    lifetime_us: int

    @property
    def hosts(self) -> tuple[str, ...]:
        """The addresses without their prefix lengths."""
        return tuple(address.partition("/")[0] for address in self.addresses)


def setup(place: RouterPlace) -> list[StepDocument]:
    """Make ready what a takeover needs and nobody notices."""
    if place.virtual_mac is None:
        return []
    create = netlink_encoder.macvlan_add(place.holder, place.device, place.virtual_mac)
    say = "create %s on %s, macvlan vepa, %s" % (place.holder, place.device, place.virtual_mac)
    # One address for all routers of the virtual router, made from its MAC address, would be a duplicate.
    bare = netlink_encoder.link_without_own_addresses(place.holder)
    return [
        _netlink(say, create, (EEXIST,)),
        # EAFNOSUPPORT: a kernel without IPv6, which makes no such address.
        _netlink("let %s have no address of its own" % place.holder, bare, (EAFNOSUPPORT,)),
    ]


def teardown(place: RouterPlace) -> list[StepDocument]:
    """Undo the set-up."""
    if place.virtual_mac is None:
        return []
    return [_netlink("delete %s" % place.holder, netlink_encoder.link_delete(place.holder), (ENODEV,))]


def takeover(place: RouterPlace) -> list[StepDocument]:
    """Become the Active: rivals stand down first, neighbours hear of it once we can answer."""
    steps = [{"do": "advertise", "say": "advertisement for VRID %d" % place.vrid}]
    if place.virtual_mac is not None:
        steps.append(_netlink("set %s up" % place.holder, netlink_encoder.link_up(place.holder), ()))
        if place.bridge is not None:
            say = "keep frames for %s in %s" % (place.virtual_mac, _bridge_text(place.bridge))
            entry = netlink_encoder.bridge_entry_add(place.bridge[0], place.virtual_mac, place.bridge[1])
            steps.append(_netlink(say, entry, ()))
    steps += [_add_address(place, address) for address in place.addresses]
    for route in _all_routes(place):
        steps.append(_netlink("add " + _route_text(route), netlink_encoder.route_add(route), (EEXIST,)))
    what = "unsolicited neighbour advertisement" if place.family == 6 else "gratuitous ARP"
    steps.append({"do": "announce", "say": "%s for %s" % (what, ", ".join(place.hosts))})
    return steps


def release(place: RouterPlace) -> list[StepDocument]:
    """Cease to be the Active: the takeover backwards, then the goodbye if leaving on purpose."""
    steps = [
        _netlink("delete " + _route_text(route), netlink_encoder.route_delete(route), (ESRCH, ENODEV))
        for route in reversed(_all_routes(place))
    ]
    steps += [_delete_address(place, address) for address in reversed(place.addresses)]
    if place.virtual_mac is not None:
        if place.bridge is not None:
            # Left behind, the entry would swallow what clients on our ports send to the new Active.
            say = "let %s learn %s" % (_bridge_text(place.bridge), place.virtual_mac)
            entry = netlink_encoder.bridge_entry_delete(place.bridge[0], place.virtual_mac, place.bridge[1])
            steps.append(_netlink(say, entry, (ENOENT, ENODEV)))
        steps.append(
            _netlink("set %s down" % place.holder, netlink_encoder.link_down(place.holder), (ENODEV,))
        )
    goodbye = "priority 0 advertisement for VRID %d, when leaving on purpose" % place.vrid
    return [*steps, {"do": "goodbye", "say": goodbye}]


def _netlink(say: str, message: netlink_encoder.Message, tolerate: tuple[int, ...]) -> StepDocument:
    return {
        "do": "netlink",
        "say": say,
        "octets": message.octets.hex(),
        "patch": [list(place) for place in message.patch],
        "tolerate": list(tolerate),
    }


def _add_address(place: RouterPlace, address: str) -> StepDocument:
    host = address.partition("/")[0]
    message = netlink_encoder.address_add(place.holder, host, place.lifetime_us)
    # A kernel that updates lifetimes does not answer EEXIST; one that cannot has the address anyway.
    step = _netlink("add %s to %s" % (_host_text(host), place.holder), message, (EEXIST,))
    return {**step, "address": address, "renew": True}


def _delete_address(place: RouterPlace, address: str) -> StepDocument:
    host = address.partition("/")[0]
    # ENXIO: IPv6 is switched off on the device.
    codes = (EADDRNOTAVAIL, ENODEV, ENXIO) if place.family == 6 else (EADDRNOTAVAIL, ENODEV)
    say = "delete %s from %s" % (_host_text(host), place.holder)
    return {**_netlink(say, netlink_encoder.address_delete(place.holder, host), codes), "address": address}


def _all_routes(place: RouterPlace) -> list[netlink_encoder.RouteParts]:
    networks = dict.fromkeys(filter(None, (_network(place, address) for address in place.addresses)))
    near = [
        netlink_encoder.RouteParts(place.family, network, None, place.holder, None, LAST_RESORT_METRIC, None)
        for network in networks
    ]
    return near + list(place.routes)


def _network(place: RouterPlace, address: str) -> str | None:
    # The address itself is added without its network, so that it never touches the router's own.
    host, _, prefix = address.partition("/")
    ip: IPAddress = ip_address(host)
    if ip.version == 6 and ip.is_link_local:
        # Answers from a link-local address leave by the device that it is on, or not at all.
        return LINK_LOCAL_NETWORK if place.virtual_mac is not None else None
    if int(prefix) == ip.max_prefixlen:
        return None
    return str(ip_network(address, strict=False))


def _host_text(host: str) -> str:
    return "%s/%d" % (host, ip_address(host).max_prefixlen)


def _bridge_text(bridge: tuple[str, int]) -> str:
    name, vlan = bridge
    return "bridge %s, VLAN %d" % (name, vlan) if vlan else "bridge %s" % name


def _route_text(route: netlink_encoder.RouteParts) -> str:
    words = ["route", route.destination or "default"]
    for word, value in (
        ("via", route.via),
        ("dev", route.device),
        ("src", route.source),
        ("metric", route.metric),
        ("table", route.table),
    ):
        if value is not None:
            words += [word, str(value)]
    return " ".join(words)
