# SPDX-License-Identifier: GPL-2.0-or-later
"""The one table of options: the parser, the checks, the reference page and the schema are made from it."""

from haven.config.kinds import Choice, Device, File, Flag, Kind, Name, Node, Secret, Track, Whole
from haven.config.netkinds import AddressKind, HostKind, RouteKind


class Option:
    """One option of a section type."""

    def __init__(
        self,
        name: str,
        kind: Kind,
        help: str,
        default: str = "",
        default_says: str = "",
        unit: str = "",
        required: bool = False,
        many: bool = False,
        only_with: tuple[str, str] | None = None,
    ) -> None:
        self.name = name
        self.kind = kind
        self.help = help
        self.default = default
        # Words for a default that is not a fixed value.
        self.default_says = default_says
        self.unit = unit
        self.required = required
        self.many = many
        # (option, value): means something only while that option has this value.
        self.only_with = only_with


class SectionType:
    """One section type: `named` sections must have a name, of a `single` one there is one at most."""

    def __init__(
        self,
        name: str,
        help: str,
        options: tuple[Option, ...],
        named: bool = False,
        single: bool = False,
        one_of: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.help = help
        self.options = options
        self.named = named
        self.single = single
        # Exactly one of these options is set.
        self.one_of = one_of

    def option(self, name: str) -> Option | None:
        """Find an option by its name."""
        for option in self.options:
            if option.name == name:
                return option
        return None

    @property
    def option_names(self) -> tuple[str, ...]:
        """Name the options in the order of the table."""
        return tuple([option.name for option in self.options])


_INTERFACE = Name("interface name")

HAVEN = SectionType(
    "haven",
    "This router.",
    (
        Option("enabled", Flag(), "Run haven on this router.", default="0"),
        Option(
            "node",
            Node(),
            "Name of this router in `haven status` and in logs. Each router has its own.",
            default_says="the host name",
        ),
        Option(
            "realtime",
            Whole(0, 99),
            "Real-time priority (SCHED_RR) of the process that sends advertisements, so that a busy "
            "processor does not look like a dead router. `0` is ordinary scheduling.",
            default="50",
        ),
        Option(
            "keep",
            File(),
            "File or folder that a sysupgrade keeps, beside what it keeps anyway: a line of "
            "/etc/sysupgrade.conf, which goes with this option.",
            many=True,
        ),
    ),
    single=True,
)

GROUP = SectionType(
    "group",
    "Virtual routers that are Active or Backup together, such as LAN and WAN of one gateway.",
    (
        Option(
            "preempt",
            Flag(),
            "`0`: whoever is Active stays. `1`: a router with a higher priority takes over "
            "when it comes back.",
            default="0",
        ),
        Option(
            "preempt_delay",
            Whole(0, 1000),
            "How long a router with a higher priority waits before it takes over.",
            default="0",
            unit="s",
        ),
    ),
    named=True,
)

VIRTUAL_ROUTER = SectionType(
    "virtual_router",
    "Addresses that move between routers, on one device.",
    (
        Option(
            "group",
            Name("name of a `group` section"),
            "The group that this virtual router changes state with.",
            default_says="a group of its own",
        ),
        Option(
            "interface",
            _INTERFACE,
            "Interface of /etc/config/network. Set this or `device`, not both.",
        ),
        Option("device", Device(), "Network device, such as `br-lan`. Set this or `interface`, not both."),
        Option(
            "vrid",
            Whole(1, 255),
            "Virtual router ID: the same on all routers of this gateway, and used by no other gateway "
            "on this network.",
            required=True,
        ),
        Option(
            "version",
            Choice("2", "3"),
            "VRRP version. `3` is RFC 9568; `2` is RFC 3768, for IPv4 beside older routers.",
            default="3",
        ),
        Option(
            "priority",
            Whole(1, 255),
            "The highest priority becomes Active. `255` is for a router whose own address is the "
            "virtual one.",
            default="100",
        ),
        Option(
            "advert_interval",
            Whole(10, 255000, step=10),
            "Time between advertisements; a dead router is noticed after a little more than three of them. "
            "Version 3: 10 to 40950. Version 2: whole seconds, 1000 to 255000.",
            default="1000",
            unit="ms",
        ),
        Option(
            "virtual_mac",
            Flag(),
            "Give the addresses a MAC address of their own that moves with them: 00:00:5e:00:01:VRID, "
            "for IPv6 00:00:5e:00:02:VRID.",
            default="0",
        ),
        Option(
            "accept",
            Flag(),
            "Answer on the virtual addresses: ping, DNS, LuCI. `0`: forward only.",
            default="1",
        ),
        Option(
            "address",
            AddressKind(),
            "Virtual address. All of one virtual router are IPv4 or all are IPv6, 255 at most; IPv6 needs "
            "a link-local one (fe80::/10) among them. Without a length: /32 or /128.",
            required=True,
            many=True,
        ),
        Option(
            "route",
            RouteKind(),
            "Route that exists while this router is Active, written as for `ip route`.",
            many=True,
        ),
        Option(
            "unicast_peer",
            HostKind(),
            "Address of another router: advertisements go to these addresses instead of by multicast.",
            default_says="multicast",
            many=True,
        ),
        Option(
            "auth_pass",
            Secret(8),
            "Shared word of version 2. It is sent in clear: it keeps accidents away, not attackers.",
            only_with=("version", "2"),
        ),
        Option(
            "track_interface",
            Track(),
            "Interface or device that must be up. Down means fault, or with `NAME:WEIGHT` a priority "
            "lower by WEIGHT.",
            many=True,
        ),
        Option(
            "source_address",
            HostKind(),
            "Address that advertisements are sent from.",
            default_says="an address of the device",
        ),
        Option(
            "checksum",
            Choice("pseudo_header", "message"),
            "What the checksum of a sent IPv4 advertisement covers: the IP pseudo-header too, as with "
            "keepalived, or the message alone, as with some other routers. Both are understood.",
            default="pseudo_header",
            only_with=("version", "3"),
        ),
        Option(
            "announce_refresh",
            Whole(0, 86400),
            "How often the Active repeats gratuitous ARP or unsolicited neighbour advertisements. "
            "`0`: never.",
            default="60",
            unit="s",
        ),
    ),
    named=True,
    one_of=("interface", "device"),
)

_SIZES = (
    Option(
        "hash_size",
        Whole(64, 16777216),
        "Buckets of conntrackd's cache.",
        default_says="a quarter of `nf_conntrack_max`, at least 1024",
    ),
    Option(
        "hash_limit",
        Whole(256, 67108864),
        "Entries that conntrackd's cache takes. What is beyond it is not copied.",
        default_says="twice `nf_conntrack_max`",
    ),
    Option(
        "netlink_buffer",
        Whole(64, 262144),
        "Room for the kernel's events that wait for conntrackd; it may grow to four times this. "
        "One that is too small loses events when many connections begin at once.",
        default_says="256 octets for each entry of `nf_conntrack_max`, from 8192 to 32768 KiB",
        unit="KiB",
    ),
    Option(
        "socket_buffer",
        Whole(64, 262144),
        "Room for messages between the routers that wait to be sent or read.",
        default_says="as `netlink_buffer`",
        unit="KiB",
    ),
)

CONNTRACK = SectionType(
    "conntrack",
    "Copies the table of connections to the other router, so that they survive a takeover.",
    (
        Option("enabled", Flag(), "Copy connections.", default="0"),
        Option(
            "interface",
            _INTERFACE,
            "Interface of /etc/config/network between the routers. Set this or `device`, not both.",
        ),
        Option(
            "device",
            Device(),
            "Network device between the routers. Set this or `interface`, not both.",
        ),
        Option("address", HostKind(), "Address of this router on it.", required=True),
        Option(
            "peer_address",
            HostKind(),
            "Address of the other router on it. With several, all routers send to a multicast group there.",
            required=True,
            many=True,
        ),
        Option(
            "port",
            Whole(1, 65534),
            "UDP port of conntrackd on all of them; the agents use the next one.",
            default="3780",
        ),
        Option(
            "renew",
            Whole(0, 3600),
            "How often the Active sends its whole table again, so that the copies of quiet flows live on; "
            "it has to be well below the shortest timeout that matters. 0: never.",
            default="30",
            unit="s",
        ),
        Option(
            "wait",
            Whole(0, 3600),
            "How long a router that comes back waits for the whole table before it preempts all the same.",
            default="60",
            unit="s",
        ),
        Option(
            "guard",
            Flag(),
            "For five seconds after a takeover, refuse no connection for being too young to have a copy: "
            "it goes on.",
            default="1",
        ),
    )
    # MicroPython has no *_SIZES inside a tuple.
    + _SIZES,
    single=True,
    one_of=("interface", "device"),
)

DHCP = SectionType(
    "dhcp",
    "Lets the clients of a LAN have the virtual address as their gateway: what haven adds to "
    "/etc/config/dhcp, and takes away with this section. `haven dhcp` shows it before it is done.",
    (
        Option("interface", _INTERFACE, "Interface of the LAN in /etc/config/dhcp.", required=True),
        Option(
            "virtual_router",
            Name("name of a `virtual_router` section"),
            "The virtual router whose first address is meant.",
            default_says="the only IPv4 one on this interface",
        ),
        Option(
            "dhcp_option",
            Whole(1, 254),
            "DHCP option that names the virtual address.",
            default_says="`3` gateway and `6` DNS server",
            many=True,
        ),
    ),
)

SECTIONS = (HAVEN, GROUP, VIRTUAL_ROUTER, CONNTRACK, DHCP)


def section_type(name: str) -> SectionType | None:
    """Find a section type by its name."""
    for section in SECTIONS:
        if section.name == name:
            return section
    return None
