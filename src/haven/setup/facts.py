# SPDX-License-Identifier: GPL-2.0-or-later
"""What setup has to know of a router: its configuration, and what its devices and their neighbours say."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from haven.config.uci.document import UciSection
from haven.setup.packages import DHCP, FIREWALL, NETWORK, Packages, values

# They have no IPv4 address, and name the device of another interface.
IPV6_ONLY = ("dhcpv6", "6in4", "6to4", "6rd")
NO = ("0", "off", "false", "no", "disabled")
YES = ("1", "on", "true", "yes", "enabled")

FIRST_IN_POOL, MOST_IN_POOL = 100, 150


@dataclass(frozen=True)
class LinkFacts:
    """A network device as it is now; `free` when it is a port that nothing stands on."""

    up: bool = False
    free: bool = False
    link_local: tuple[str, ...] = ()
    mac: str = ""


@dataclass(frozen=True)
class HeardRouter:
    """A virtual router that another router advertises."""

    vrid: int
    source: str
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True)
class InterfaceFacts:
    """An interface of /etc/config/network with IPv4, and its fixed addresses."""

    name: str
    proto: str
    device: str
    addresses: tuple[IPv4Interface, ...]
    gateway: str = ""

    @property
    def fixed(self) -> bool:
        """Whether it has an address that stays."""
        return self.proto == "static" and bool(self.addresses)


@dataclass(frozen=True)
class DhcpPool:
    """The addresses that the DHCP server of an interface gives away, and options of the user's own."""

    first: IPv4Address
    last: IPv4Address
    options: tuple[str, ...]

    def __contains__(self, address: IPv4Address) -> bool:
        return self.first <= address <= self.last


Who = Callable[[str, Sequence[str]], set[str]]


def nobody(_device: str, _addresses: Sequence[str]) -> set[str]:
    """Answer for a link on which nobody is."""
    return set()


@dataclass
class RouterFacts:
    """A router: its packages, its devices, what was heard on them, and who answers there."""

    packages: Packages
    links: dict[str, LinkFacts] = field(default_factory=dict)
    heard: dict[str, tuple[HeardRouter, ...]] = field(default_factory=dict)
    who_answers: Who = nobody
    host_name: str = ""
    # Whether the kernel can hold a DHCP server's answers until another router knows of them.
    holds_answers: bool = False

    def __post_init__(self) -> None:
        sections = self.packages[NETWORK].of_type("interface")
        found = [_interface(each, self.packages) for each in sections if each.name != "loopback"]
        self.interfaces = {each.name: each for each in found if each.proto not in IPV6_ONLY}

    def link(self, device: str) -> LinkFacts:
        """Return a device as it is now; one that is not there is down."""
        return self.links.get(device, LinkFacts())

    def heard_on(self, interface: str) -> tuple[HeardRouter, ...]:
        """Return the virtual routers that others advertise on an interface."""
        return self.heard.get(self.interfaces[interface].device, ())

    def ports(self, interface: str) -> list[str]:
        """Return the ports of the bridge that an interface stands on."""
        found = bridge_of(self.packages, self.interfaces[interface].device)
        return values(found[0], found[1]) if found else []

    def free_ports(self) -> list[str]:
        """Return the ports that nothing uses, those with a link first."""
        used = devices_in_use(self.packages)
        found = [name for name, link in self.links.items() if link.free and name not in used]
        return sorted(found, key=lambda name: (not self.links[name].up, name))

    def user_of(self, device: str) -> str:
        """Return the interface whose device this is, empty for none."""
        for each in self.interfaces.values():
            if each.device == device:
                return each.name
        return ""

    def pool(self, interface: str) -> DhcpPool | None:
        """Return what this router's DHCP server gives away on an interface, or None."""
        network = self.interfaces[interface].addresses[0].network
        for section in self.packages[DHCP].of_type("dhcp"):
            if section.value("interface") == interface and _serves(section):
                return _pool(section, network)
        return None

    def reserved(self, network: IPv4Network) -> set[IPv4Address]:
        """Return the addresses of a network that DHCP keeps for certain hosts."""
        texts = [each.value("ip") for each in self.packages[DHCP].of_type("host")]
        return {address for text in texts if (address := as_address(text)) and address in network}

    def zone_of(self, interface: str) -> UciSection | None:
        """Return the zone of the firewall that an interface is in."""
        for zone in self.packages[FIREWALL].of_type("zone"):
            if interface in values(zone, "network"):
                return zone
        return None


def as_address(text: str) -> IPv4Address | None:
    """Read an IPv4 address, or None."""
    try:
        return IPv4Address(text)
    except ValueError:
        return None


def is_yes(text: str) -> bool:
    """Tell whether UCI means yes."""
    return text in YES


def _interface(section: UciSection, packages: Packages) -> InterfaceFacts:
    netmask = section.value("netmask")
    texts = values(section, "ipaddr") if section.value("proto") == "static" else []
    addresses = [found for text in texts if (found := _address(text, netmask))]
    return InterfaceFacts(
        section.name, section.value("proto"), _device(section), tuple(addresses), section.value("gateway")
    )


def _address(text: str, netmask: str) -> IPv4Interface | None:
    whole = text if "/" in text else "%s/%s" % (text, netmask or "32")
    try:
        return IPv4Interface(whole)
    except ValueError:
        return None


def _device(section: UciSection) -> str:
    # Before release 21.02 a bridge was an option of the interface.
    if section.value("type") == "bridge":
        return "br-%s" % section.name
    return section.value("device") or (values(section, "ifname") + [""])[0]


def _serves(section: UciSection) -> bool:
    return not is_yes(section.value("ignore")) and section.value("dhcpv4") not in ("disabled", "relay")


def _pool(section: UciSection, network: IPv4Network) -> DhcpPool:
    start = _whole(section.value("start"), FIRST_IN_POOL)
    limit = max(1, _whole(section.value("limit"), MOST_IN_POOL))
    lowest, highest = int(network.network_address), int(network.broadcast_address)
    # As dnsmasq's init script does: the start counts within the network.
    first = min(lowest + (start & int(network.hostmask)), highest)
    last = min(first + limit - 1, highest)
    return DhcpPool(IPv4Address(first), IPv4Address(last), tuple(values(section, "dhcp_option")))


def _whole(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else otherwise


def bridge_of(packages: Packages, device: str) -> tuple[UciSection, str] | None:
    """Return the section with the ports of a bridge, and the option that names them."""
    for section in packages[NETWORK].of_type("device"):
        if section.value("name") == device and section.value("type") == "bridge":
            return section, "ports" if values(section, "ports") else "ifname"
    for section in packages[NETWORK].of_type("interface"):
        if section.value("type") == "bridge" and device == "br-%s" % section.name:
            return section, "ifname"
    return None


def devices_in_use(packages: Packages) -> set[str]:
    """Return every device that the configuration of the network names, and those under its VLANs."""
    found: set[str] = set()
    for section in packages[NETWORK].sections:
        for option in ("device", "ifname", "ports", "name"):
            for text in values(section, option):
                name = text.partition(":")[0]
                found |= {name, name.partition(".")[0]}
    return found
