# SPDX-License-Identifier: GPL-2.0-or-later
"""Facts about this machine that a plan depends on."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from haven.config.options.kinds import BadValue, check_device_name
from haven.contract.diagnostics import diagnostic_text
from haven.plan.kernel_lacks import read_lacks
from haven.ubus.client import NotFoundError, NoUbusError, UbusError, call

ETHERNET = 1
IFF_UP, IFF_LOOPBACK, IFF_MULTICAST = 1, 8, 0x1000
# What OpenWrt calls a radio's device as a client: phy0-sta0.
CLIENT = "-sta"
FOREVER = 0xFFFFFFFF


class InterfaceError(Exception):
    """An interface of netifd's cannot be turned into a device: a code of a diagnostic, and its facts."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(diagnostic_text(code, facts))
        self.code = code
        self.facts = facts


@dataclass(frozen=True, slots=True)
class OwnAddress:
    """An address that a device has now; `permanent` when it has no lifetime."""

    text: str
    permanent: bool


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """A network device as the kernel shows it; `lower` is the index of the device under a VLAN."""

    index: int
    name: str
    mac: bytes
    mtu: int
    up: bool
    hardware: int
    kind: str = ""
    lower: int = 0
    vlan: int = 0
    vlan_filtering: bool = False
    default_vlan: int = 0
    without_ipv6: bool = False
    multicast: bool = True
    wireless_client: bool = False
    addresses: tuple[OwnAddress, ...] = ()


@dataclass(frozen=True, slots=True)
class Machine:
    """The devices of this machine by their names, and what its kernel lacks."""

    links: dict[str, DeviceFacts] = field(default_factory=dict)
    lacks: frozenset[str] = frozenset()

    def at_index(self, index: int) -> DeviceFacts | None:
        """Return the device with an index, or None."""
        return next((link for link in self.links.values() if link.index == index), None)


def read_machine() -> Machine:
    """Ask the kernel for its devices and their addresses."""
    # Here, because the import takes longer than the rest of a command that needs no netlink.
    from pyroute2 import IPRoute

    with IPRoute() as kernel:
        addresses = _addresses_by_index(kernel.get_addr())
        links = [_link(message, addresses) for message in kernel.get_links()]
        lacks = read_lacks(kernel)
    return Machine({link.name: link for link in links}, lacks)


def _addresses_by_index(messages: Iterable[Any]) -> dict[int, list[OwnAddress]]:
    found: dict[int, list[OwnAddress]] = {}
    for message in messages:
        text = message.get_attr("IFA_LOCAL") or message.get_attr("IFA_ADDRESS")
        lifetime = message.get_attr("IFA_CACHEINFO")
        permanent = lifetime is None or lifetime["ifa_valid"] == FOREVER
        own = OwnAddress(text, permanent)
        found.setdefault(message["index"], []).append(own)
    return found


def _link(message: Any, addresses: dict[int, list[OwnAddress]]) -> DeviceFacts:
    info: Any = message.get_attr("IFLA_LINKINFO")
    details: Any = info.get_attr("IFLA_INFO_DATA") if info is not None else None

    def detail(name: str) -> int:
        # A kind that pyroute2 does not know comes as plain text.
        value = details.get_attr(name) if hasattr(details, "get_attr") else 0
        return value if isinstance(value, int) else 0

    name = message.get_attr("IFLA_IFNAME")
    return DeviceFacts(
        index=message["index"],
        name=name,
        mac=bytes.fromhex((message.get_attr("IFLA_ADDRESS") or "").replace(":", "")),
        mtu=message.get_attr("IFLA_MTU") or 0,
        up=bool(message["flags"] & IFF_UP),
        hardware=message["ifi_type"],
        kind=(info.get_attr("IFLA_INFO_KIND") or "") if info is not None else "",
        lower=message.get_attr("IFLA_LINK") or 0,
        vlan=detail("IFLA_VLAN_ID"),
        vlan_filtering=bool(detail("IFLA_BR_VLAN_FILTERING")),
        default_vlan=detail("IFLA_BR_VLAN_DEFAULT_PVID"),
        without_ipv6=_is_without_ipv6(name),
        multicast=bool(message["flags"] & (IFF_MULTICAST | IFF_LOOPBACK)),
        wireless_client=CLIENT in name and os.path.exists("/sys/class/net/%s/phy80211" % name),
        addresses=tuple(addresses.get(message["index"], ())),
    )


def _is_without_ipv6(device: str) -> bool:
    try:
        with open("/proc/sys/net/ipv6/conf/%s/disable_ipv6" % device) as file:
            return file.read().strip() == "1"
    except OSError:
        # One that has just gone, or a kernel without IPv6.
        return False


def resolve_interface(name: str) -> str:
    """Return the device of a netifd interface; InterfaceError says why there is none."""
    try:
        status = call("network.interface.%s" % name, "status")
    except NoUbusError:
        raise InterfaceError("interface-no-ubus", interface=name) from None
    except NotFoundError:
        raise InterfaceError("interface-unknown", interface=name) from None
    except UbusError as why:
        raise InterfaceError("interface-unresolved", interface=name, error=str(why)) from None
    # An interface that is down has no l3_device yet, but most kinds already have their device.
    device = status.get("l3_device") or status.get("device") if isinstance(status, dict) else None
    if not isinstance(device, str):
        raise InterfaceError("interface-no-device", interface=name)
    try:
        check_device_name(device)
    except BadValue as why:
        raise InterfaceError("interface-unresolved", interface=name, error=str(why)) from None
    return device
