# SPDX-License-Identifier: GPL-2.0-or-later
"""What netifd says of an interface, and what of it a WAN is about."""

from typing import Any

from haven.contract.fields import DocumentError
from haven.contract.wan_words import check_lease

Document = dict[str, Any]

# Those whose lease another router can go on with.
LEASED = ("dhcp", "dhcpv6")
# Those that are on a device which is there without them.
HELD = (*LEASED, "pppoe", "static")


class InterfaceStatus:
    """An interface as netifd has it; `lease` is what a leased one that is up has been given."""

    def __init__(self, status: Document | None) -> None:
        self.exists = status is not None
        told = status or {}
        self.proto = str(told.get("proto", ""))
        # Where the frames go out, and the device that has the address.
        self.device = str(told.get("device") or "")
        self.is_up = bool(told.get("up"))
        # netifd sets up again by itself what was once told to be up.
        self.is_started = self.is_up or bool(told.get("pending")) or bool(told.get("autostart"))
        self.errors = [str(each.get("code", "")) for each in told.get("errors", ()) if isinstance(each, dict)]
        self.lease = _lease(told) if self.is_up and self.proto in LEASED else None

    @property
    def held_device(self) -> str:
        """The device that a standby keeps up, for a takeover that does not wait for its link."""
        return self.device if self.proto in HELD else ""


def _lease(status: Document) -> Document | None:
    try:
        addresses = [*_networks(status, "ipv4-address"), *_networks(status, "ipv6-address")]
        found = {
            "addresses": addresses,
            "prefixes": _networks(status, "ipv6-prefix"),
            "routes": [_route(each, status) for each in status.get("route", ())],
            "dns": status.get("dns-server", []),
            "left_s": left_s(status),
        }
        return check_lease(found) if addresses or found["prefixes"] else None
    except (AttributeError, DocumentError, KeyError, TypeError):
        return None


def _networks(status: Document, key: str) -> list[str]:
    return ["%s/%d" % (each["address"], each["mask"]) for each in status.get(key, ())]


def _route(route: Document, status: Document) -> Document:
    found: Document = {"target": "%s/%d" % (route["target"], route["mask"])}
    if route.get("nexthop") not in (None, "0.0.0.0", "::"):
        found["via"] = route["nexthop"]
    metric = route.get("metric") or status.get("metric")
    return {**found, "metric": metric} if metric else found


def left_s(status: Document) -> int | None:
    """Return how long a lease lasts yet; that of DHCPv4 is renewed each time that half of it is over."""
    valid = [each["valid"] for each in status.get("ipv6-address", ()) if isinstance(each.get("valid"), int)]
    whole = (status.get("data") or {}).get("leasetime")
    if not isinstance(whole, int) or whole < 2:
        return min(valid) if valid else None
    age = int(status.get("uptime") or 0) % (whole // 2)
    return whole - age
