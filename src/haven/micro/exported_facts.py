# SPDX-License-Identifier: GPL-2.0-or-later
"""What another machine has to know of this one to compile its plan, printed as JSON."""

import json
import os
import struct
import sys

from haven.contract.machine_facts import VERSION
from haven.havend.host import child, system
from haven.havend.kernel_tables import DumpBroken, KernelTables
from haven.havend.netlink_messages import (
    ADDRESS_HEADER,
    IFA_CACHEINFO,
    IFF_UP,
    LINK_HEADER,
    RTM_NEWADDR,
    RTM_NEWLINK,
    attributes,
    parse_address,
    parse_link,
)
from haven.inet import text_of
from haven.private_folder import for_a_moment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

IFLA_MTU, IFLA_LINK, IFLA_LINKINFO = 4, 5, 18
IFLA_INFO_KIND, IFLA_INFO_DATA = 1, 2
IFLA_VLAN_ID, IFLA_BR_VLAN_FILTERING, IFLA_BR_VLAN_DEFAULT_PVID = 1, 7, 39
FOREVER = 0xFFFFFFFF


class NoFacts(Exception):
    """The kernel does not tell; the text says why."""


def print_facts() -> int:
    """Print them; return the exit status."""
    try:
        sys.stdout.write(json.dumps(facts()) + "\n")
    except NoFacts as why:
        sys.stderr.write("havend-micro: %s\n" % why)
        return 1
    return 0


def facts() -> "dict[str, Any]":
    """Return them (contract/machine_facts.py). Raises NoFacts."""
    kernel = KernelTables()
    try:
        links, addresses = kernel.dumped()
    except DumpBroken as why:
        raise NoFacts("the tables of the kernel cannot be read: %s" % why) from None
    finally:
        kernel.close()
    devices = [_device(body) for kind, body in links if kind == RTM_NEWLINK and parse_link(body)]
    by_index = {each["index"]: each for each in devices}
    for kind, body in addresses:
        found = parse_address(body) if kind == RTM_NEWADDR else None
        if found is not None and found.index in by_index:
            by_index[found.index]["addresses"].append([text_of(found.address), _is_permanent(body)])
    return {
        "version": VERSION,
        "node": system.node_name(),
        "byte_order": sys.byteorder,
        "devices": devices,
        "interfaces": _interfaces(),
    }


def _device(body: bytes) -> "dict[str, Any]":
    _kind, index, flags = struct.unpack_from("@xxHiI", body)
    link = parse_link(body)
    said = dict(attributes(body, LINK_HEADER))
    info = dict(attributes(said.get(IFLA_LINKINFO, b""), 0))
    kind = info.get(IFLA_INFO_KIND, b"").rstrip(b"\0").decode()
    details = dict(attributes(info.get(IFLA_INFO_DATA, b""), 0))
    return {
        "index": index,
        "name": link.name if link is not None else "",
        "mac": said.get(1, b"").hex(),
        "mtu": _number(said.get(IFLA_MTU, b"")),
        "up": bool(flags & IFF_UP),
        "hardware": _kind,
        "kind": kind,
        "lower": _number(said.get(IFLA_LINK, b"")),
        "vlan": _number(details.get(IFLA_VLAN_ID, b"")) if kind == "vlan" else 0,
        "vlan_filtering": kind == "bridge" and bool(_number(details.get(IFLA_BR_VLAN_FILTERING, b""))),
        "default_vlan": _number(details.get(IFLA_BR_VLAN_DEFAULT_PVID, b"")) if kind == "bridge" else 0,
        "addresses": [],
    }


def _number(value: bytes) -> int:
    sizes = {1: "@B", 2: "@H", 4: "@I"}
    return int(struct.unpack(sizes[len(value)], value)[0]) if len(value) in sizes else 0


def _is_permanent(body: bytes) -> bool:
    lifetime = dict(attributes(body, ADDRESS_HEADER)).get(IFA_CACHEINFO, b"")
    return len(lifetime) < 8 or int(struct.unpack_from("@I", lifetime, 4)[0]) == FOREVER


def _interfaces() -> "dict[str, str]":
    """Return the device of each of netifd's interfaces, where there is netifd."""
    place = "%s/havend-interfaces-%d" % (for_a_moment(), os.getpid())
    status, _complaint = child.run(["sh", "-c", "ubus call network.interface dump >%s" % place])
    try:
        with open(place) as file:
            told = json.loads(file.read()) if not status else {}
    except (OSError, ValueError):
        told = {}
    if os.path.exists(place):
        os.unlink(place)
    found = {}
    for each in told.get("interface", ()):
        device = each.get("l3_device") or each.get("device")
        if device:
            found[each["interface"]] = device
    return found
