# SPDX-License-Identifier: GPL-2.0-or-later
"""The netlink steps of one virtual router: set-up, takeover, release, teardown.

What a group does in between, and when, is the engine's (plan/sequences.py).
"""

from dataclasses import dataclass
from errno import EADDRNOTAVAIL, EAFNOSUPPORT, EEXIST, ENODEV, ENOENT, ENXIO, ESRCH
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from haven.contract.steps import step_text
from haven.plan import netlink_encoder
from haven.plan.netlink_encoder import Message, RouteParts

StepDocument = dict[str, Any]
IPAddress = IPv4Address | IPv6Address

# Any route of the router's own is preferred to the one that a virtual address's prefix makes.
LAST_RESORT_METRIC = 4096
LINK_LOCAL_NETWORK = "fe80::/64"


@dataclass(frozen=True, slots=True)
class RouterPlace:
    """What the steps of a virtual router need to know; addresses are text, with a prefix length."""

    family: int
    device: str
    address_device: str
    virtual_mac: str | None
    bridge: tuple[str, int] | None
    addresses: tuple[str, ...]
    routes: tuple[RouteParts, ...]
    lifetime_us: int
    # Of addresses that a routing daemon announces: the Active's, and every router's all the time.
    metric: int | None = None
    standby_metric: int | None = None


def stages(place: RouterPlace) -> dict[str, list[StepDocument]]:
    """Return the steps by stage."""
    return {
        "setup": _setup(place),
        "takeover": _takeover(place),
        "release": _release(place),
        "teardown": _teardown(place),
    }


def _setup(place: RouterPlace) -> list[StepDocument]:
    """Make ready what a takeover needs and nobody notices."""
    if place.virtual_mac is None:
        return [_add_route(route) for route in _announced(place, place.standby_metric)]
    device, mac = place.address_device, place.virtual_mac
    create = netlink_encoder.macvlan_add(device, place.device, mac)
    # One address for all routers of the virtual router, made from its MAC address, would be a duplicate.
    bare = netlink_encoder.link_without_own_addresses(device)
    return [
        _step("macvlan-create", create, (EEXIST,), device=device, parent=place.device, mac=mac),
        # EAFNOSUPPORT: a kernel without IPv6, which makes no such address.
        _step("no-own-address", bare, (EAFNOSUPPORT,), device=device),
    ]


def _teardown(place: RouterPlace) -> list[StepDocument]:
    """Undo the set-up."""
    if place.virtual_mac is None:
        return [_delete_route(route) for route in _announced(place, place.standby_metric)]
    device = place.address_device
    return [_step("device-delete", netlink_encoder.link_delete(device), (ENODEV,), device=device)]


def _takeover(place: RouterPlace) -> list[StepDocument]:
    """Take the addresses: the device first, routes last, each needs the one before."""
    steps = []
    if place.virtual_mac is not None:
        device = place.address_device
        steps.append(_step("device-up", netlink_encoder.link_up(device), (), device=device))
        if place.bridge is not None:
            entry = netlink_encoder.bridge_entry_add(place.bridge[0], place.virtual_mac, place.bridge[1])
            steps.append(_bridge_step(place, "bridge-keep", entry, ()))
    steps += [_add_address(place, address) for address in place.addresses]
    routes = [*_announced(place, place.metric), *_all_routes(place)]
    return steps + [_add_route(route) for route in routes]


def _release(place: RouterPlace) -> list[StepDocument]:
    """Give the addresses up: the takeover backwards."""
    routes = [*_announced(place, place.metric), *_all_routes(place)]
    steps = [_delete_route(route) for route in reversed(routes)]
    steps += [_delete_address(place, address) for address in reversed(place.addresses)]
    if place.virtual_mac is not None:
        if place.bridge is not None:
            # Left behind, the entry would swallow what clients on our ports send to the new Active.
            entry = netlink_encoder.bridge_entry_delete(place.bridge[0], place.virtual_mac, place.bridge[1])
            steps.append(_bridge_step(place, "bridge-learn", entry, (ENOENT, ENODEV)))
        device = place.address_device
        steps.append(_step("device-down", netlink_encoder.link_down(device), (ENODEV,), device=device))
    return steps


def _step(code: str, message: Message, tolerate: tuple[int, ...], **facts: Any) -> StepDocument:
    return {
        "code": code,
        "facts": facts,
        "say": step_text(code, facts),
        "octets": message.octets.hex(),
        "patch": [list(place) for place in message.patch],
        "tolerate": list(tolerate),
    }


def _bridge_step(place: RouterPlace, code: str, entry: Message, tolerate: tuple[int, ...]) -> StepDocument:
    assert place.bridge is not None
    name, vlan = place.bridge
    facts: dict[str, Any] = {"mac": place.virtual_mac, "bridge": name}
    if vlan:
        return _step(code + "-vlan", entry, tolerate, **facts, vlan=vlan)
    return _step(code, entry, tolerate, **facts)


def _add_route(route: RouteParts) -> StepDocument:
    return _step("route-add", netlink_encoder.route_add(route), (EEXIST,), route=_route_text(route))


def _delete_route(route: RouteParts) -> StepDocument:
    message = netlink_encoder.route_delete(route)
    return _step("route-delete", message, (ESRCH, ENODEV), route=_route_text(route))


def _announced(place: RouterPlace, metric: int | None) -> list[RouteParts]:
    """Return the route to each address that a routing daemon is to find, none without a metric."""
    hosts = [] if metric is None else [address.partition("/")[0] for address in place.addresses]
    far = [host for host in hosts if not ip_address(host).is_link_local]
    # Of IPv4 the kernel takes the Active's away with the address, which does not outlive havend.
    source = metric == place.metric
    return [
        RouteParts(
            place.family, _host_text(host), None, place.address_device, host if source else None, metric, None
        )
        for host in far
    ]


def _add_address(place: RouterPlace, address: str) -> StepDocument:
    host, device = address.partition("/")[0], place.address_device
    message = netlink_encoder.address_add(device, host, place.lifetime_us, place.metric)
    # A kernel that updates lifetimes does not answer EEXIST; one that cannot has the address anyway.
    step = _step("address-add", message, (EEXIST,), address=_host_text(host), device=device)
    return {**step, "address": address, "renew": True}


def _delete_address(place: RouterPlace, address: str) -> StepDocument:
    host, device = address.partition("/")[0], place.address_device
    # ENXIO: IPv6 is switched off on the device.
    codes = (EADDRNOTAVAIL, ENODEV, ENXIO) if place.family == 6 else (EADDRNOTAVAIL, ENODEV)
    message = netlink_encoder.address_delete(device, host)
    step = _step("address-delete", message, codes, address=_host_text(host), device=device)
    return {**step, "address": address}


def _all_routes(place: RouterPlace) -> list[RouteParts]:
    # Where a routing daemon announces the address, its network is not on the device that it stands on.
    near_ones = place.addresses if place.metric is None else ()
    networks = dict.fromkeys(filter(None, (_network(place, address) for address in near_ones)))
    near = [
        RouteParts(place.family, network, None, place.address_device, None, LAST_RESORT_METRIC, None)
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


def _route_text(route: RouteParts) -> str:
    words = [route.destination or "default"]
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
