# SPDX-License-Identifier: GPL-2.0-or-later
"""The options of a `virtual_router` section."""

from haven.config.options.address_kinds import AddressKind, HostKind, HostV6Kind, PrefixKind, RouteKind
from haven.config.options.auth_options import AUTH_OPTIONS
from haven.config.options.kinds import (
    Choice,
    Device,
    Domain,
    Flag,
    Name,
    NumberChoice,
    Secret,
    Track,
    Whole,
)
from haven.config.options.option import ADVANCED, BASIC, Option, SectionType
from haven.config.options.tracking_sections import named
from haven.core.carp.packet import MOST_PASSWORD
from haven.core.carp.ranking import HIGHEST_SKEW
from haven.core.spec import ANNOUNCING, BY_ARP, BY_ROUTE, CARP, PROTOCOLS, VRRP
from haven.core.vrrp.constants import (
    CHECKSUMS,
    HIGHEST_PRIORITY,
    HIGHEST_VRID,
    INTERVAL_UNIT_US,
    LOWEST_PRIORITY,
    LOWEST_VRID,
    PASSWORD_LENGTH,
    TTL,
    VERSIONS,
    longest_interval_us,
)

RA_FLAGS = ("managed-config", "other-config", "none")

_SHORTEST_MS = INTERVAL_UNIT_US[3] // 1000
_LONGEST_MS = {version: longest_interval_us(version) // 1000 for version in VERSIONS}

VIRTUAL_ROUTER = SectionType(
    "virtual_router",
    "Addresses that move between routers, on one device.",
    (
        Option(
            "group",
            Name("name of a `group` section"),
            "The group that this virtual router changes state with.",
            default_says="a group of its own",
            group=BASIC,
        ),
        Option(
            "interface",
            Name("interface name"),
            "Interface of /etc/config/network. Set this or `device`, not both.",
            group=BASIC,
        ),
        Option(
            "device",
            Device(),
            "Network device, such as `br-lan`. Set this or `interface`, not both.",
            group=BASIC,
        ),
        Option(
            "vrid",
            Whole(LOWEST_VRID, HIGHEST_VRID),
            "Virtual router ID: the same on all routers of this gateway, and used by no other gateway "
            "on this network.",
            required=True,
            engine=True,
        ),
        Option(
            "protocol",
            Choice(*PROTOCOLS),
            "What is spoken with the other routers: `vrrp`, or `carp` beside ucarp, OpenBSD, FreeBSD, "
            "pfSense and OPNsense. With `carp`, `vrid` is the VHID, and `advert_interval` the advbase.",
            default=PROTOCOLS[0],
        ),
        Option(
            "version",
            NumberChoice(*VERSIONS),
            "VRRP version. `3` is RFC 9568; `2` is RFC 3768, for IPv4 beside older routers.",
            default="3",
            engine=True,
            only_with=("protocol", VRRP),
            title="VRRP version",
            group=BASIC,
        ),
        Option(
            "priority",
            Whole(LOWEST_PRIORITY, HIGHEST_PRIORITY),
            "The highest priority becomes Active. `255` is for a router whose own address is the "
            "virtual one; `1` is what a router in trouble says, and one that is given it relieves none.",
            default="100",
            engine=True,
            group=BASIC,
        ),
        Option(
            "advert_interval",
            Whole(_SHORTEST_MS, _LONGEST_MS[2], step=_SHORTEST_MS),
            "Time between advertisements; a dead router is noticed after a little more than three of them. "
            "Version 3: %d to %d. Version 2 and CARP: whole seconds, 1000 to %d."
            % (_SHORTEST_MS, _LONGEST_MS[3], _LONGEST_MS[2]),
            default="1000",
            unit="ms",
            engine=True,
            title="Advertisement interval",
        ),
        Option(
            "advskew",
            Whole(0, HIGHEST_SKEW),
            "CARP: the lowest becomes Active. An advertisement is sent every `advert_interval` and so many "
            "256ths of a second.",
            default_says="254 less `priority`",
            only_with=("protocol", CARP),
            title="Advertisement skew",
        ),
        Option(
            "password",
            Secret(MOST_PASSWORD),
            "CARP: shared word, the same on all routers. It is not sent: advertisements are signed with it.",
            only_with=("protocol", CARP),
            title="CARP password",
        ),
        Option(
            "broadcast",
            Flag(),
            "CARP, IPv4: send advertisements to all machines of the link, for switches that lose multicast "
            "(`ucarp -M`).",
            default="0",
            only_with=("protocol", CARP),
        ),
        Option(
            "virtual_mac",
            Flag(),
            "Give the addresses a MAC address of their own that moves with them: 00:00:5e:00:01:VRID, "
            "for IPv6 00:00:5e:00:02:VRID (CARP: 00:00:5e:00:01:VRID for both).",
            default="0",
            group=BASIC,
        ),
        Option(
            "accept",
            Flag(),
            "Answer on the virtual addresses: ping, DNS, LuCI. `0`: forward only.",
            default="1",
            title="Answer on the addresses",
        ),
        Option(
            "address",
            AddressKind(),
            "Virtual address. All of one virtual router are IPv4 or all are IPv6, 255 at most; IPv6 needs "
            "a link-local one (fe80::/10) among them. Without a length: /32 or /128.",
            required=True,
            many=True,
            title="Virtual addresses",
        ),
        Option(
            "route",
            RouteKind(),
            "Route that exists while this router is Active, written as for `ip route`.",
            many=True,
            title="Routes",
        ),
        Option(
            "unicast_peer",
            HostKind(),
            "Address of another router: advertisements go to these addresses instead of by multicast.",
            default_says="multicast",
            many=True,
            title="Unicast peers",
        ),
        Option(
            "unicast_hops",
            Whole(0, TTL - 1),
            "How many routers may be between this one and its unicast peers. What has come a longer way is "
            "dropped. Needs a key that is enforced, or `unicast_hops_unsigned`.",
            default="0",
            engine=True,
            only_with=("protocol", VRRP),
        ),
        Option(
            "unicast_hops_unsigned",
            Flag(),
            "Take what has come through other routers without a signature, too, as from keepalived without "
            "keys. Whoever can send a packet to this router can then take the addresses.",
            default="0",
            only_with=("protocol", VRRP),
            title="Unicast hops without a signature",
            group=ADVANCED,
        ),
        Option(
            "auth_pass",
            Secret(PASSWORD_LENGTH),
            "Shared word of version 2. It is sent in clear: it keeps accidents away, not attackers.",
            only_with=("version", 2),
            title="Password of version 2",
        ),
    )
    + AUTH_OPTIONS
    + (
        Option(
            "track_interface",
            Track(),
            "Interface or device that must be up. Down means fault, or with `NAME:WEIGHT` a priority "
            "lower by WEIGHT.",
            many=True,
            title="Tracked interfaces",
            group=BASIC,
        ),
        Option(
            "bfd",
            Name("name of a `bfd` section"),
            "BFD session with another router: when that of the Active fails, its advertisements are not "
            "waited for on this link.",
            many=True,
            title="BFD sessions",
        ),
        Option(
            "source_address",
            HostKind(),
            "Address that advertisements are sent from.",
            default_says="an address of the device",
        ),
        Option(
            "checksum",
            Choice(*CHECKSUMS),
            "What the checksum of a sent IPv4 advertisement covers: the IP pseudo-header too, as with "
            "keepalived, or the message alone, as with some other routers. Both are understood.",
            default="pseudo_header",
            only_with=("version", 3),
            engine=True,
        ),
        Option(
            "announce",
            Choice(*ANNOUNCING),
            "How others learn where the addresses are. `arp`: gratuitous ARP or unsolicited neighbour "
            "advertisements on the device. `route`: from the routing daemon of this router; the addresses "
            "stand on `announce_device`, with a route each for it to redistribute.",
            default=BY_ARP,
            engine=True,
            title="Announced by",
        ),
        Option(
            "announce_device",
            Device(),
            "Device that the addresses stand on, the loopback or a dummy.",
            default="lo",
            only_with=("announce", BY_ROUTE),
            title="Device of the addresses",
        ),
        Option(
            "announce_metric",
            Whole(1, 65535),
            "Metric of the addresses and of their routes on the Active.",
            default="100",
            only_with=("announce", BY_ROUTE),
        ),
        Option(
            "standby_metric",
            Whole(1, 65535),
            "Metric of a route that each router has all the time, Backup or Active: where the Active is gone "
            "with its routing daemon, the others know the way already.",
            default_says="a Backup has no such route",
            only_with=("announce", BY_ROUTE),
        ),
        Option(
            "announce_refresh",
            Whole(0, 86400),
            "How often the Active repeats gratuitous ARP or unsolicited neighbour advertisements. "
            "`0`: never.",
            default="60",
            unit="s",
            engine=True,
            title="Repeated announcement",
        ),
        Option(
            "ra",
            Flag(),
            "IPv6: send router advertisements, from the link-local virtual address. The Active is the hosts' "
            "default router, the Backup never is. They say what odhcpd is told of this `interface`, whose "
            "own are switched off; the options below are for a router without odhcpd, and go before it.",
            default="0",
            title="Router advertisements",
        ),
        Option(
            "ra_prefix",
            PrefixKind(),
            "Prefix that hosts make addresses from, beside those that the device has.",
            default_says="those of the device and of the virtual addresses",
            many=True,
            only_with=("ra", True),
        ),
        Option(
            "ra_dns",
            HostV6Kind(),
            "DNS server for the hosts.",
            default_says="as odhcpd: a virtual address; without odhcpd none",
            many=True,
            only_with=("ra", True),
        ),
        Option(
            "ra_domain",
            Domain(),
            "Domain that hosts look names up in.",
            default_says="as odhcpd; without it none",
            many=True,
            only_with=("ra", True),
        ),
        Option(
            "ra_flags",
            Choice(*RA_FLAGS),
            "What hosts are to ask DHCPv6 for: addresses (`managed-config`), the rest (`other-config`).",
            default_says="as odhcpd; without it `none`",
            many=True,
            only_with=("ra", True),
        ),
        Option(
            "ra_default",
            NumberChoice(0, 1, 2),
            "When hosts may use this router for everything: `0` while it has a default route and a public "
            "prefix, `1` while it has any prefix, `2` always.",
            default_says="as odhcpd; without it `2`",
            only_with=("ra", True),
        ),
        Option(
            "ra_preference",
            Choice("low", "medium", "high"),
            "Preference beside other routers on the link.",
            default_says="as odhcpd, `medium`",
            only_with=("ra", True),
        ),
        Option(
            "ra_lifetime",
            Whole(0, 65535),
            "How long hosts keep this router without hearing of it. `0`: it is no default router.",
            default_says="as odhcpd, `2700`",
            unit="s",
            only_with=("ra", True),
            group=ADVANCED,
        ),
        Option(
            "ra_maxinterval",
            Whole(4, 65535),
            "The longest time between two advertisements to all hosts.",
            default_says="as odhcpd, `600`",
            unit="s",
            only_with=("ra", True),
            title="RA longest interval",
            group=ADVANCED,
        ),
        Option(
            "ra_mtu",
            Whole(1280, 65535),
            "MTU for the hosts of this link.",
            default_says="as odhcpd: that of the device; without it none is said",
            only_with=("ra", True),
        ),
    )
    + named("; its whole group goes by it"),
    named=True,
    one_of=("interface", "device"),
    title="Virtual routers",
)
