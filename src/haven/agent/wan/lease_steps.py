# SPDX-License-Identifier: GPL-2.0-or-later
"""A lease as steps that havend can carry out without asking anybody (contract/lending.py)."""

from typing import Any

from haven.agent.netlink_steps import FOR_EVER, LIFETIME_S, address_add, address_delete, device_up, route_step

Document = dict[str, Any]

# Any route of the router's own is preferred.
LAST_METRIC = 8192


def make_loan(name: str, group: str, device: str, lease: Document, is_kept: bool) -> Document:
    """Return the loan that sets a lease; one that is kept has its addresses without an end."""
    addresses = [
        address_add(device, each, FOR_EVER if is_kept else LIFETIME_S) for each in lease["addresses"]
    ]
    routes = [route_step(device, each, "route-add") for each in _near_first(lease)]
    up = [] if is_kept else [device_up(device)]
    away = [route_step(device, each, "route-delete") for each in reversed(_near_first(lease))]
    return {
        "name": name,
        "group": group,
        "role": "active",
        "is_kept": is_kept,
        "takeover": [*up, *addresses, *routes],
        "release": [*away, *(address_delete(device, each) for each in lease["addresses"])],
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
        "takeover": [route_step(device, route, "route-add")],
        "release": [route_step(device, route, "route-delete")],
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
