# SPDX-License-Identifier: GPL-2.0-or-later
"""Routers as they leave the factory: what config_generate and the packages write, release by release."""

from collections.abc import Callable, Sequence

from haven.setup.facts import HeardRouter, LinkFacts, RouterFacts
from haven.setup.packages import Packages, package_of

# A board with a switch chip whose ports are devices, OpenWrt 24.10 and later.
NETWORK = """
config interface 'loopback'
	option device 'lo'
	option proto 'static'
	list ipaddr '127.0.0.1/8'

config globals 'globals'
	option dhcp_default_duid '000405d1f0a6'
	option ula_prefix 'fd4c:91ad:2f13::/48'
	option packet_steering '1'

config device
	option name 'br-lan'
	option type 'bridge'
	list ports 'lan1'
	list ports 'lan2'
	list ports 'lan3'
	list ports 'lan4'

config interface 'lan'
	option device 'br-lan'
	option proto 'static'
	list ipaddr '192.168.1.1/24'
	option ip6assign '60'

config interface 'wan'
	option device 'wan'
	option proto 'dhcp'

config interface 'wan6'
	option device 'wan'
	option proto 'dhcpv6'
"""
# The LAN as 23.05 writes it.
WITH_NETMASK = "\toption ipaddr '192.168.1.1'\n\toption netmask '255.255.255.0'\n"
AS_LIST = "\tlist ipaddr '192.168.1.1/24'\n"
STATIC_WAN = """	option proto 'static'
	option ipaddr '203.0.113.2/29'
	option gateway '203.0.113.1'
	option dns '203.0.113.1'
"""
DHCP = """
config dnsmasq
	option domainneeded '1'
	option authoritative '1'

config dhcp 'lan'
	option interface 'lan'
	option start '100'
	option limit '150'
	option leasetime '12h'
	option dhcpv4 'server'
	option dhcpv6 'server'
	option ra 'server'
	list ra_flags 'managed-config'

config dhcp 'wan'
	option interface 'wan'
	option ignore '1'
"""
FIREWALL = """
config defaults
	option input 'REJECT'

config zone
	option name 'lan'
	list network 'lan'
	option input 'ACCEPT'

config zone
	option name 'wan'
	list network 'wan'
	list network 'wan6'
	option input 'REJECT'
	option masq '1'

config rule
	option name 'Allow-DHCP-Renew'
	option src 'wan'
	option proto 'udp'
	option dest_port '68'
	option target 'ACCEPT'
"""
SYSTEM = "\nconfig system\n\toption hostname 'OpenWrt'\n"
HAVEN = "\nconfig haven 'main'\n\toption enabled '0'\n"
TEXTS = {"network": NETWORK, "dhcp": DHCP, "firewall": FIREWALL, "system": SYSTEM, "haven": HAVEN}

LINKS = {
    "br-lan": LinkFacts(up=True, link_local=("fe80::1234",)),
    "wan": LinkFacts(up=True, mac="02:00:00:12:34:56"),
    **{f"lan{number}": LinkFacts(up=True) for number in range(1, 5)},
}
LINKS_SPARE = {**LINKS, "eth5": LinkFacts(up=False, free=True)}


def packages(**changes: str) -> Packages:
    """Return the packages of a router, some of them with another text."""
    return {name: package_of(name, text.encode()) for name, text in {**TEXTS, **changes}.items()}


def have(*addresses: str) -> Callable[[str, Sequence[str]], set[str]]:
    """Return neighbours that have these addresses."""
    return lambda _device, asked: set(asked) & set(addresses)


def router(
    links: dict[str, LinkFacts] | None = None,
    answering: Sequence[str] = (),
    heard: dict[str, tuple[HeardRouter, ...]] | None = None,
    host_name: str = "OpenWrt",
    **changes: str,
) -> RouterFacts:
    """Return a router in its factory state, with what differs."""
    found = packages(**changes)
    return RouterFacts(found, LINKS if links is None else links, heard or {}, have(*answering), host_name)


def static_wan(network: str = NETWORK) -> str:
    """Return the network with a fixed address on the WAN."""
    device = "\toption device 'wan'\n"
    return network.replace(device + "\toption proto 'dhcp'\n", device + STATIC_WAN)


def interface(name: str, device: str, address: str) -> str:
    """Return one more interface with a fixed address."""
    return (
        f"\nconfig interface '{name}'\n\toption device '{device}'\n\toption proto 'static'\n"
        f"\toption ipaddr '{address}'\n"
    )
