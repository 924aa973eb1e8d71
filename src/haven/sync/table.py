# SPDX-License-Identifier: GPL-2.0-or-later
"""The one table of what paired routers share: of each package, and what a section is known by.

The first row of a package that fits an option decides; what no row fits is shared. A package that is not
here is local.
"""

SHARED, LOCAL, MIRRORED = "shared", "local", "mirrored"


class Row:
    """Options of a package: `section` is a name, '@TYPE' or '*'; no options are the section as a whole.

    Of a `local` option `told` says that the other routers hear its value; a section that is new on a router
    begins with the `first` value: "theirs", the teller's, or "ours", that of a section like it. A `mirrored`
    option is made of what the others tell of the option `of`.
    """

    def __init__(
        self,
        section: str,
        options: str = "",
        kind: str = LOCAL,
        why: str = "",
        told: bool = False,
        first: str = "",
        of: str = "",
    ) -> None:
        self.section = section
        self.options = tuple(options.split())
        self.kind = kind
        self.why = why
        self.told = told or first == "theirs"
        self.first = first
        self.of = of


_HARDWARE = "the hardware's"
_OWN_ADDRESS = "each router has its own address"
_OWN_KEY = "made on each router"

PACKAGES: "dict[str, tuple[Row, ...]]" = {
    "adblock": (),
    "adblock-fast": (),
    "banip": (),
    "ddns": (),
    "dhcp": (),
    "dropbear": (Row("*", "dsskeyfile ecdsakeyfile ed25519keyfile keyfile rsakeyfile", why=_OWN_KEY),),
    "firewall": (),
    "haven": (
        Row("@haven", "node", why="what it is called"),
        Row("@haven", "enabled", why="one of them can be switched off"),
        Row("@haven", "upgrade", why="a router that refuses others' packages is not talked out of it"),
        Row("@virtual_router", "priority", why="who is preferred", first="ours"),
        Row("@virtual_router", "source_address", why=_OWN_ADDRESS, told=True),
        Row("@virtual_router", "unicast_peer", MIRRORED, "where the others send from", of="source_address"),
        Row("@conntrack", "address", why=_OWN_ADDRESS, told=True),
        Row("@conntrack", "peer_address", MIRRORED, "the addresses of the others", of="address"),
        Row("@virtual_router", "device", why=_HARDWARE, first="theirs"),
        Row("@conntrack", "device", why=_HARDWARE, first="theirs"),
        Row("@track_host", "device", why=_HARDWARE, first="theirs"),
    ),
    "https-dns-proxy": (),
    "luci": (),
    "mwan3": (),
    "network": (
        Row("@globals", why="made on each router, or the hardware's"),
        Row("loopback", why="the same everywhere"),
        Row("@switch", why=_HARDWARE),
        Row("@switch_vlan", why=_HARDWARE),
        Row("@switch_port", why=_HARDWARE),
        Row("@device", "macaddr", why=_HARDWARE),
        Row("@device", "ports ifname", why=_HARDWARE, first="theirs"),
        Row("@bridge-vlan", "ports", why=_HARDWARE, first="theirs"),
        Row("@interface", "device ifname", why=_HARDWARE, first="theirs"),
        Row("@interface", "ipaddr netmask broadcast ip6addr ip6ifaceid", why=_OWN_ADDRESS),
        Row("@interface", "macaddr", why=_HARDWARE),
    ),
    "nlbwmon": (),
    "openvpn": (Row("*", "local", why=_OWN_ADDRESS),),
    "pbr": (),
    "rpcd": (),
    "snmpd": (Row("@system", "sysName", why="what it is called"),),
    "sqm": (),
    "system": (
        Row("@system", "hostname", why="what it is called"),
        Row("@led", why=_HARDWARE),
        Row("@gpio_switch", why=_HARDWARE),
    ),
    "unbound": (),
    "uhttpd": (
        Row("@uhttpd", "listen_http listen_https", why=_OWN_ADDRESS),
        Row("@uhttpd", "cert key", why=_OWN_KEY),
        Row("@cert", why=_OWN_KEY),
    ),
    "upnpd": (Row("*", "uuid", why=_OWN_KEY),),
    "watchcat": (),
    "wireless": (
        Row("@wifi-device", why=_HARDWARE),
        Row("@wifi-iface", "device", why=_HARDWARE, first="theirs"),
        Row("@wifi-iface", "ifname macaddr", why=_HARDWARE),
    ),
}

# By what a section without a name is known, next to being just the same as before: the same values of these
# options. "" is for types of which there is one: the first is the first.
NATURAL_KEYS = {
    "ddns.service": "lookup_host",
    "dhcp.boot": "filename",
    "dhcp.cname": "cname",
    "dhcp.dhcp": "interface",
    "dhcp.dnsmasq": "",
    "dhcp.domain": "name ip",
    "dhcp.host": "mac",
    "dhcp.odhcpd": "",
    "dhcp.relay": "interface local_addr",
    "dhcp.srvhost": "srv",
    "dropbear.dropbear": "",
    "firewall.defaults": "",
    "firewall.forwarding": "src dest",
    "firewall.include": "path",
    "firewall.ipset": "name",
    "firewall.nat": "name",
    "firewall.redirect": "name",
    "firewall.rule": "name",
    "firewall.zone": "name",
    "network.bridge-vlan": "device vlan",
    "network.device": "name",
    "network.globals": "",
    "network.route": "interface target",
    "network.route6": "interface target",
    "network.rule": "in out src dest",
    "pbr.policy": "name",
    "rpcd.login": "username",
    "rpcd.rpcd": "",
    "sqm.queue": "interface",
    "system.system": "",
    "uhttpd.uhttpd": "",
    "wireless.wifi-iface": "device ssid mode",
}


def natural_key(package: str, type: str) -> "tuple[str, ...] | None":
    """Return the options that a section of a type is known by: () for the only one, None for none."""
    # The peers of an interface of WireGuard have a type of their own.
    key = "public_key" if type.startswith("wireguard_") else NATURAL_KEYS.get("%s.%s" % (package, type))
    return None if key is None else tuple(key.split())
