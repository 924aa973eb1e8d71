# SPDX-License-Identifier: GPL-2.0-or-later
"""A lease as netlink steps that havend can carry out without asking anybody (contract/lending.py)."""

import struct
from typing import Any

from haven import light_socket as socket
from haven.contract.steps import step_text
from haven.core.vrrp.constants import PROTOCOL
from haven.inet import octets_of

Document = dict[str, Any]

RTM_NEWLINK, RTM_NEWADDR, RTM_DELADDR, RTM_NEWROUTE, RTM_DELROUTE = 16, 20, 21, 24, 25
REQUEST_ACK, REPLACE, EXCLUSIVE, CREATE = 0x001 | 0x004, 0x100, 0x200, 0x400
IFLA_IFNAME, IFF_UP = 3, 1
IFA_ADDRESS, IFA_LOCAL, IFA_CACHEINFO, IFA_FLAGS = 1, 2, 6, 8
RTA_DST, RTA_OIF, RTA_GATEWAY, RTA_PRIORITY = 1, 4, 5, 6
# The provider has given the address to us: nobody else is asked whether it is free.
IFA_F_NODAD = 0x02
TABLE_MAIN, RTN_UNICAST = 254, 1
SCOPE_UNIVERSE, SCOPE_LINK, SCOPE_NOWHERE = 0, 253, 255

HEADER = struct.Struct("@IHHII")
FOR_EVER = 0xFFFFFFFF
# As the virtual addresses: three renewals can be lost before it leaves (plan/virtual_routers.py).
LIFETIME_S = 8
# Any route of the router's own is preferred.
LAST_METRIC = 8192

EEXIST, ESRCH, ENODEV, EADDRNOTAVAIL, ENXIO, ENETUNREACH = 17, 3, 19, 99, 6, 101

# (the octets of a message, and where in them the index of the device belongs)
Message = tuple[bytes, int | None]


def make_loan(name: str, group: str, device: str, lease: Document, is_kept: bool) -> Document:
    """Return the loan that sets a lease; one that is kept has its addresses without an end."""
    addresses = [
        _address_add(device, each, FOR_EVER if is_kept else LIFETIME_S) for each in lease["addresses"]
    ]
    routes = [_route_step(device, each, "route-add") for each in _near_first(lease)]
    up = [] if is_kept else [_step("device-up", (_link_up(device), None), (), device, device=device)]
    away = [_route_step(device, each, "route-delete") for each in reversed(_near_first(lease))]
    return {
        "name": name,
        "group": group,
        "role": "active",
        "is_kept": is_kept,
        "takeover": [*up, *addresses, *routes],
        "release": [*away, *(_address_delete(device, each) for each in lease["addresses"])],
        "announce": _announcements(device, lease),
    }


def make_way_out(group: str, device: str, gateway: str) -> Document:
    """Return the loan by which a standby reaches the Internet: through the Active, as a client of its LAN."""
    target = "::/0" if ":" in gateway else "0.0.0.0/0"
    route = {"target": target, "via": gateway, "metric": LAST_METRIC}
    return {
        "name": "way out of " + group,
        "group": group,
        "role": "standby",
        "is_kept": False,
        "takeover": [_route_step(device, route, "route-add")],
        "release": [_route_step(device, route, "route-delete")],
        "announce": [],
    }


def _announcements(device: str, lease: Document) -> list[Document]:
    gateways = [route["via"] for route in lease["routes"] if route.get("via") and ":" not in route["via"]]
    found = []
    for text in lease["addresses"]:
        host = text.partition("/")[0]
        asked = {"ask": gateways[0]} if gateways and ":" not in host else {}
        found.append({"device": device, "address": host, **asked})
    return found


def _near_first(lease: Document) -> list[Document]:
    """Return the routes with those first that others need to reach their gateway."""
    return sorted(lease["routes"], key=lambda route: bool(route.get("via")))


def _address_add(device: str, text: str, lifetime_s: int) -> Document:
    host, family, prefix = _parts(text)
    flags = _attribute(IFA_FLAGS, struct.pack("@I", IFA_F_NODAD)) if family == socket.AF_INET6 else b""
    times = _attribute(IFA_CACHEINFO, struct.pack("@IIII", lifetime_s, lifetime_s, 0, 0))
    message = _address(RTM_NEWADDR, CREATE | REPLACE, host, family, prefix, times + flags)
    step = _step("address-add", message, (EEXIST,), device, address=text, device=device)
    return {**step, "address": text, "renew": True}


def _address_delete(device: str, text: str) -> Document:
    message = _address(RTM_DELADDR, 0, *_parts(text), b"")
    codes = (EADDRNOTAVAIL, ENODEV, ENXIO)
    return {**_step("address-delete", message, codes, device, address=text, device=device), "address": text}


def _address(kind: int, flags: int, host: bytes, family: int, prefix: int, more: bytes) -> Message:
    # The length of the lease's own: netifd then finds its address there, and makes it its own without a gap.
    body = struct.pack("@BBBBI", family, prefix, 0, 0, 0)
    attributes = _attribute(IFA_LOCAL, host) + _attribute(IFA_ADDRESS, host)
    return _message(kind, flags, body + attributes + more), HEADER.size + 4


def _route_step(device: str, route: Document, code: str) -> Document:
    is_new = code == "route-add"
    via = " via " + route["via"] if route.get("via") else ""
    metric = " metric %d" % route["metric"] if route.get("metric") else ""
    # ENETUNREACH: the interface that leads to the gateway has no address now.
    codes = (EEXIST, ENETUNREACH) if is_new else (ESRCH, ENODEV, ENETUNREACH)
    text = "%s%s dev %s%s" % (_shown(route["target"]), via, device, metric)
    return _step(code, _route(route, is_new), codes, device, route=text)


def _shown(target: str) -> str:
    return "default" if target.endswith("/0") else target


def _route(route: Document, is_new: bool) -> Message:
    target, family, prefix = _parts(route["target"])
    via = octets_of(route["via"]) if route.get("via") else b""
    near = SCOPE_UNIVERSE if via or family == socket.AF_INET6 else SCOPE_LINK
    nowhere = SCOPE_NOWHERE if family == socket.AF_INET else SCOPE_UNIVERSE
    # One that netifd has made in the place of ours goes, too: a delete without an origin takes either.
    made = (PROTOCOL, near, RTN_UNICAST) if is_new else (0, nowhere, 0)
    head = struct.pack("@BBBBBBBBI", family, prefix, 0, 0, TABLE_MAIN, *made, 0)
    attributes = _attribute(RTA_DST, target) if prefix else b""
    attributes += _attribute(RTA_GATEWAY, via) if via else b""
    if route.get("metric"):
        attributes += _attribute(RTA_PRIORITY, struct.pack("@I", route["metric"]))
    at = HEADER.size + len(head) + len(attributes) + 4
    body = head + attributes + _attribute(RTA_OIF, bytes(4))
    flags = CREATE | EXCLUSIVE if is_new else 0
    return _message(RTM_NEWROUTE if is_new else RTM_DELROUTE, flags, body), at


def _link_up(device: str) -> bytes:
    body = struct.pack("@BxHiII", 0, 0, 0, IFF_UP, IFF_UP)
    return _message(RTM_NEWLINK, 0, body + _attribute(IFLA_IFNAME, device.encode() + b"\0"))


def _parts(text: str) -> tuple[bytes, int, int]:
    """Return the octets, the family and the prefix length of an address."""
    host, _, prefix = text.partition("/")
    octets = octets_of(host)
    return octets, socket.AF_INET if len(octets) == 4 else socket.AF_INET6, int(prefix or 8 * len(octets))


def _attribute(kind: int, value: bytes) -> bytes:
    length = 4 + len(value)
    return struct.pack("@HH", length, kind) + value + bytes(-length % 4)


def _message(kind: int, flags: int, body: bytes) -> bytes:
    return HEADER.pack(HEADER.size + len(body), kind, REQUEST_ACK | flags, 0, 0) + body


def _step(code: str, message: Message, tolerate: tuple[int, ...], on: str, **facts: Any) -> Document:
    octets, at = message
    return {
        "code": code,
        "facts": facts,
        "say": step_text(code, facts),
        "octets": octets.hex(),
        "patch": [] if at is None else [[at, on]],
        "tolerate": list(tolerate),
    }
