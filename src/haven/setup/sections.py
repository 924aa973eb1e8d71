# SPDX-License-Identifier: GPL-2.0-or-later
"""Edits of UCI sections that the first and the second router of a pair have in common."""

from ipaddress import IPv4Interface

from haven.config.uci.document import UciSection
from haven.setup.facts import bridge_of
from haven.setup.packages import NETWORK, Packages, UciPackage, put, take, values

SYNC = "sync"
# The names of LuCI's Set-up, which then knows what was made here.
GROUP, CONNTRACK, NAT, SYNC = "gateway", "conntrack", "haven_nat", "sync"


def section_of(package: UciPackage, type: str, name: str) -> UciSection:
    """Return the section of a name and a type, made at the end where there is none."""
    found = package.named(name, type)
    if found is None:
        found = UciSection(type, name, index=len(package.of_type(type)))
        package.sections.append(found)
    return found


def free_name(package: UciPackage, wish: str) -> str:
    """Return a name that no section of a package has."""
    name, number = wish, 2
    while package.named(name):
        name, number = "%s%d" % (wish, number), number + 1
    return name


def set_address(packages: Packages, interface: str, address: IPv4Interface) -> None:
    """Give an interface another first address, written as it was written before; further ones stay."""
    section = packages[NETWORK].named(interface, "interface")
    assert section is not None
    written = values(section, "ipaddr")
    listed = any(entry.listed for entry in section.entries if entry.name == "ipaddr")
    netmask = section.value("netmask")
    apart = bool(netmask and written and "/" not in written[0])
    first = str(address.ip) if apart else str(address)
    put(section, "ipaddr", [first, *written[1:]] if listed else " ".join([first, *written[1:]]))
    if apart:
        put(section, "netmask", str(address.network.netmask))
    elif netmask and len(written) < 2:
        take(section, "netmask")


def make_link(packages: Packages, port: str, address: IPv4Interface) -> str:
    """Make an interface of a port for the link between the routers; return its name."""
    for bridge in _bridges(packages):
        release_port(packages, bridge, port)
    name = free_name(packages[NETWORK], SYNC)
    section = section_of(packages[NETWORK], "interface", name)
    put(section, "proto", "static")
    put(section, "device", port)
    put(section, "ipaddr", str(address))
    return name


def _bridges(packages: Packages) -> list[str]:
    named = [each.value("name") for each in packages[NETWORK].of_type("device")]
    # Before release 21.02 a bridge was an option of the interface.
    return named + ["br-%s" % each.name for each in packages[NETWORK].of_type("interface")]


def release_port(packages: Packages, bridge: str, port: str) -> None:
    """Take a port out of a bridge, and out of its VLANs."""
    found = bridge_of(packages, bridge)
    if found is None:
        return
    _without(found[0], found[1], port)
    for section in packages[NETWORK].of_type("bridge-vlan"):
        if section.value("device") == bridge:
            _without(section, "ports", port)


def _without(section: UciSection, option: str, port: str) -> None:
    kept = [each for each in values(section, option) if each.partition(":")[0] != port]
    if kept == values(section, option):
        return
    listed = any(entry.listed for entry in section.entries if entry.name == option)
    put(section, option, kept if listed else " ".join(kept))
