# SPDX-License-Identifier: GPL-2.0-or-later
"""Route netlink messages as octets, encoded by pyroute2 and sent by somebody else later.

A message holds 0 where an interface index belongs, and says where that is: the sender puts the index
in, because a device that is made anew has a new one. Messages about whole devices name them instead.
"""

import struct
from collections.abc import Callable
from ipaddress import ip_address
from socket import AF_BRIDGE, AF_INET, AF_INET6
from typing import Any, NamedTuple

from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
from pyroute2.netlink.rtnl.ndmsg import ndmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg

from haven.core.vrrp.constants import PROTOCOL

RTM_NEWLINK, RTM_DELLINK = 16, 17
RTM_NEWADDR, RTM_DELADDR = 20, 21
RTM_NEWROUTE, RTM_DELROUTE = 24, 25
RTM_NEWNEIGH, RTM_DELNEIGH = 28, 29

REQUEST_ACK = 0x001 | 0x004
REPLACE, EXCLUSIVE, CREATE = 0x100, 0x200, 0x400

IFA_RT_PRIORITY = 9
IFA_F_NODAD, IFA_F_NOPREFIXROUTE = 0x02, 0x200
IFF_UP = 1
GENERATE_NO_ADDRESS = 1
NUD_PERMANENT = 0x80
NTF_SELF = 0x02
RTN_UNICAST = 1
SCOPE_UNIVERSE, SCOPE_LINK, SCOPE_NOWHERE = 0, 253, 255
TABLE_COMPAT, TABLE_MAIN = 252, 254

# The kernel passes a route's origin through; a delete that names it cannot hit somebody else's
# route. The number is VRRP's IP protocol, so `ip route` shows a meaningful one.
ROUTE_ORIGIN = PROTOCOL

# Any value whose octets all differ from 0.
MARK = 0x7F7F7F7F


class Message(NamedTuple):
    """An encoded message, and the offsets at which the index of a named interface belongs."""

    octets: bytes
    patch: tuple[tuple[int, str], ...]


class RouteParts(NamedTuple):
    """A route in text: `destination` with a prefix length, or an empty one for the default route."""

    family: int
    destination: str
    via: str | None
    device: str | None
    source: str | None
    metric: int | None
    table: int | None


def _encode(message: Any, kind: int, flags: int) -> bytes:
    message["header"]["type"] = kind
    message["header"]["flags"] = REQUEST_ACK | flags
    message["header"]["sequence_number"] = 0
    message["header"]["pid"] = 0
    message.encode()
    return bytes(message.data)


def _with_number(octets: bytes, kind: int, value: int) -> bytes:
    # An attribute that not every pyroute2 knows.
    whole = octets + bytes(-len(octets) % 4) + struct.pack("@HHI", 8, kind, value)
    return struct.pack("@I", len(whole)) + whole[4:]


def _patched(build: Callable[..., bytes], **devices: str) -> Message:
    # Encoded once more with a mark, the octets differ exactly where the index stands.
    nowhere = dict.fromkeys(devices, 0)
    plain = build(**nowhere)
    patch = []
    for argument in sorted(devices):
        marked = build(**{**nowhere, argument: MARK})
        offset = next(at for at, pair in enumerate(zip(plain, marked, strict=True)) if pair[0] != pair[1])
        patch.append((offset, devices[argument]))
    return Message(plain, tuple(patch))


def _family(number: int) -> int:
    return AF_INET6 if number == 6 else AF_INET


def _address(text: str, index: int) -> Any:
    # As long a prefix as can be: with the network's own, the kernel could make the router's own
    # address a secondary of this one and take its route away, and a router advertisement daemon
    # would announce the network with this address's short lifetime.
    address = ip_address(text)
    message = ifaddrmsg()
    message["family"] = _family(address.version)
    message["prefixlen"] = address.max_prefixlen
    message["index"] = index
    message["attrs"] = [("IFA_LOCAL", text), ("IFA_ADDRESS", text)]
    return message


def address_add(device: str, text: str, lifetime_us: int, metric: int | None = None) -> Message:
    """Add an address with a lifetime, or renew its lifetime if it is there; routing daemons read a metric."""

    def build(index: int) -> bytes:
        message = _address(text, index)
        seconds = lifetime_us // 1_000_000
        preferred = seconds
        if message["family"] == AF_INET6:
            # Not preferred: the router's own packets keep its own address as their source.
            # No duplicate address detection: the address must answer at once, and VRRP settled it.
            # No prefix route: it would stay for the rest of the lifetime once the address is away.
            preferred = 0
            message["attrs"].append(("IFA_FLAGS", IFA_F_NODAD | IFA_F_NOPREFIXROUTE))
        message["attrs"].append(("IFA_CACHEINFO", {"ifa_preferred": preferred, "ifa_valid": seconds}))
        octets = _encode(message, RTM_NEWADDR, CREATE | REPLACE)
        return octets if metric is None else _with_number(octets, IFA_RT_PRIORITY, metric)

    return _patched(build, index=device)


def address_delete(device: str, text: str) -> Message:
    """Delete an address."""
    return _patched(lambda index: _encode(_address(text, index), RTM_DELADDR, 0), index=device)


def _route(route: RouteParts, out: int) -> Any:
    message = rtmsg()
    table = route.table if route.table is not None else TABLE_MAIN
    message["family"] = _family(route.family)
    message["table"] = table if table < 256 else TABLE_COMPAT
    message["proto"] = ROUTE_ORIGIN
    message["type"] = RTN_UNICAST
    message["attrs"] = [("RTA_TABLE", table)]
    if route.destination:
        text, _, prefix = route.destination.partition("/")
        message["dst_len"] = int(prefix)
        message["attrs"].append(("RTA_DST", text))
    if route.via is not None:
        message["attrs"].append(("RTA_GATEWAY", route.via))
    if route.source is not None:
        message["attrs"].append(("RTA_PREFSRC", route.source))
    if route.metric is not None:
        message["attrs"].append(("RTA_PRIORITY", route.metric))
    if route.device is not None:
        message["attrs"].append(("RTA_OIF", out))
    return message


def _route_message(route: RouteParts, kind: int, flags: int, scope: int) -> Message:
    def build(out: int = 0) -> bytes:
        message = _route(route, out)
        message["scope"] = scope
        return _encode(message, kind, flags)

    return _patched(build, out=route.device) if route.device is not None else _patched(build)


def route_add(route: RouteParts) -> Message:
    """Add a route; one that is there already, whoever made it, is left as it is."""
    near = route.family == 4 and route.via is None
    return _route_message(route, RTM_NEWROUTE, CREATE | EXCLUSIVE, SCOPE_LINK if near else SCOPE_UNIVERSE)


def route_delete(route: RouteParts) -> Message:
    """Delete a route that this program added."""
    # For IPv4, "nowhere" matches a route of any scope.
    return _route_message(route, RTM_DELROUTE, 0, SCOPE_NOWHERE if route.family == 4 else SCOPE_UNIVERSE)


def macvlan_add(name: str, parent: str, mac: str) -> Message:
    """Create a macvlan with a virtual MAC address on a device; it is down."""

    def build(link: int) -> bytes:
        # VEPA: as in private mode the virtual MAC addresses of one device do not reach each other, but a
        # private one takes away from its device what comes from its own MAC address, and those are the
        # ADVERTISEMENTs of another Active.
        data = {"attrs": [("IFLA_MACVLAN_MODE", "vepa")]}
        message = ifinfmsg()
        message["attrs"] = [
            ("IFLA_IFNAME", name),
            ("IFLA_LINK", link),
            ("IFLA_ADDRESS", mac),
            ("IFLA_LINKINFO", {"attrs": [("IFLA_INFO_KIND", "macvlan"), ("IFLA_INFO_DATA", data)]}),
        ]
        return _encode(message, RTM_NEWLINK, CREATE | EXCLUSIVE)

    return _patched(build, link=parent)


def _named_link(kind: int, name: str, flags: int, change: int, attributes: Any = ()) -> Message:
    # By name: the index of a device that the message before this one made is not known yet.
    message = ifinfmsg()
    message["flags"] = flags
    message["change"] = change
    message["attrs"] = [("IFLA_IFNAME", name), *attributes]
    return Message(_encode(message, kind, 0), ())


def link_without_own_addresses(name: str) -> Message:
    """Forbid the kernel to make a link-local address from a device's MAC address.

    The kernel refuses this in the message that creates the device.
    """
    inet6 = {"attrs": [("IFLA_INET6_ADDR_GEN_MODE", GENERATE_NO_ADDRESS)]}
    return _named_link(RTM_NEWLINK, name, 0, 0, [("IFLA_AF_SPEC", {"attrs": [("AF_INET6", inet6)]})])


def link_up(name: str) -> Message:
    """Set a device up."""
    return _named_link(RTM_NEWLINK, name, IFF_UP, IFF_UP)


def link_down(name: str) -> Message:
    """Set a device down."""
    return _named_link(RTM_NEWLINK, name, 0, IFF_UP)


def link_delete(name: str) -> Message:
    """Delete a device."""
    return _named_link(RTM_DELLINK, name, 0, 0)


def _bridge_entry(kind: int, flags: int, bridge: str, mac: str, vlan: int) -> Message:
    def build(ifindex: int) -> bytes:
        message = ndmsg()
        message["family"] = AF_BRIDGE
        message["ifindex"] = ifindex
        message["state"] = NUD_PERMANENT
        message["flags"] = NTF_SELF
        message["attrs"] = [("NDA_LLADDR", mac)]
        if vlan:
            message["attrs"].append(("NDA_VLAN", vlan))
        return _encode(message, kind, flags)

    return _patched(build, ifindex=bridge)


def bridge_entry_add(bridge: str, mac: str, vlan: int) -> Message:
    """Make a bridge keep the frames for a MAC address to itself; vlan 0 means no VLAN."""
    return _bridge_entry(RTM_NEWNEIGH, CREATE | REPLACE, bridge, mac, vlan)


def bridge_entry_delete(bridge: str, mac: str, vlan: int) -> Message:
    """Let a bridge learn again where a MAC address is."""
    return _bridge_entry(RTM_DELNEIGH, 0, bridge, mac, vlan)
