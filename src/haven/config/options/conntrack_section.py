# SPDX-License-Identifier: GPL-2.0-or-later
"""The options of a `conntrack` section."""

from haven.config.options.address_kinds import HostKind
from haven.config.options.kinds import Device, Flag, Name, Secret, Whole
from haven.config.options.option import BASIC, Option, SectionType

# As many as a key of WireGuard's has octets.
SHORTEST_SECRET = 32
LONGEST_SECRET = 128

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
        Option("enabled", Flag(), "Copy connections.", default="0", group=BASIC),
        Option(
            "interface",
            Name("interface name"),
            "Interface of /etc/config/network between the routers. Set this or `device`, not both.",
            group=BASIC,
        ),
        Option(
            "device",
            Device(),
            "Network device between the routers. Set this or `interface`, not both.",
            group=BASIC,
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
            Whole(1, 65533),
            "UDP port of conntrackd on all of them; the agents use the next one, and the one after that is "
            "conntrackd's with several peers, WireGuard's with `protect`.",
            default="3780",
        ),
        Option(
            "protect",
            Secret(LONGEST_SECRET, SHORTEST_SECRET),
            "A secret of both routers, with which they make a WireGuard link of their own for what they tell "
            "each other: nobody else can read or forge it. The same on both, made by chance: take what "
            "`wg genpsk` prints. With one `peer_address` only.",
            title="Secret of the link",
            group=BASIC,
        ),
        Option(
            "renew",
            Whole(0, 3600),
            "How often the Active sends its whole table again, so that the copies of quiet flows live on; "
            "it has to be well below the shortest timeout that matters. 0: never.",
            default_says="a third of the kernels' shortest timeout that matters, at most 30",
            unit="s",
            title="Renewal interval",
        ),
        Option(
            "sync_wait",
            Whole(0, 3600),
            "How long a router that comes back waits for the whole table before it preempts all the same.",
            default="60",
            unit="s",
            was="wait",
            title="Wait for the table",
        ),
        Option(
            "guard",
            Flag(),
            "For five seconds after a takeover, refuse no connection for being too young to have a copy: "
            "it goes on.",
            default="1",
            title="Takeover guard",
        ),
    )
    # MicroPython has no *_SIZES inside a tuple.
    + _SIZES,
    single=True,
    one_of=("interface", "device"),
    title="Connections",
)
