# SPDX-License-Identifier: GPL-2.0-or-later
"""The options of `track_host` and `track_script` sections: what a router has to reach, or to be."""

from haven.config.options.address_kinds import ProbedHost
from haven.config.options.kinds import Choice, Device, DnsName, Name, Program, User, Whole
from haven.config.options.option import BASIC, TIMING, Option, SectionType
from haven.contract.check_documents import HOST_KINDS

# What leaves every router at priority 1.
MOST_WEIGHT = 254
_SHORTEST_MS, _LONGEST_MS = 100, 3600000


def _pace(interval: str, timeout: str, rise: str, fall: str) -> tuple[Option, ...]:
    return (
        Option(
            "interval", Whole(_SHORTEST_MS, _LONGEST_MS), "Time between checks.", default=interval, unit="ms"
        ),
        Option(
            "timeout",
            Whole(_SHORTEST_MS // 2, _LONGEST_MS),
            "How long one may take before it counts as failed; at most `interval`.",
            default=timeout,
            unit="ms",
        ),
        Option(
            "fall",
            Whole(1, 100),
            "Failures in a row until it is down.",
            default=fall,
            title="Failures until down",
            group=TIMING,
        ),
        Option(
            "rise",
            Whole(1, 100),
            "Successes in a row until it is up again.",
            default=rise,
            title="Successes until up",
            group=TIMING,
        ),
        Option(
            "weight",
            Whole(0, MOST_WEIGHT),
            "What the priority of the groups that name it is lowered by while it is down; %d leaves 1, below "
            "every router that is well. `0`: they are in Fault then, also where no other router takes over."
            % MOST_WEIGHT,
            default=str(MOST_WEIGHT),
        ),
    )


TRACK_HOST = SectionType(
    "track_host",
    "A host that has to answer, such as the provider's router. Groups and virtual routers name it with "
    "`list track_host`.",
    (
        Option("address", ProbedHost(), "Address of the host.", required=True),
        Option(
            "kind",
            Choice(*HOST_KINDS),
            "How it is asked: ping, ARP or neighbour solicitation on the link itself, a TCP connection, or a "
            "question to a DNS server, for which every answer counts.",
            default="icmp",
            group=BASIC,
        ),
        Option(
            "interface",
            Name("interface name"),
            "Interface of /etc/config/network to ask from. Set this or `device`, not both.",
            default_says="that of the virtual router in whose network the host is",
            group=BASIC,
        ),
        Option(
            "device", Device(), "Network device to ask from. Set this or `interface`, not both.", group=BASIC
        ),
        Option(
            "port",
            Whole(1, 65535),
            "Port of kind `tcp`, or of `dns`.",
            default_says="`53` for `dns`",
            group=BASIC,
        ),
        Option(
            "query",
            DnsName(),
            "Name that kind `dns` asks for.",
            default=".",
            only_with=("kind", "dns"),
            title="Name to ask for",
            group=BASIC,
        ),
    )
    + _pace("2000", "1000", rise="3", fall="2"),
    named=True,
    title="Tracked hosts",
)

TRACK_SCRIPT = SectionType(
    "track_script",
    "A program whose end tells whether all is well: exit status 0. Groups and virtual routers name it with "
    "`list track_script`.",
    (
        Option(
            "command",
            Program(),
            "The program by its whole path, and its arguments. No shell is between.",
            required=True,
        ),
        Option("user", User(), "User to run it as.", default="root", group=BASIC),
    )
    + _pace("5000", "3000", rise="2", fall="2"),
    named=True,
    title="Tracked scripts",
)


def named(what: str) -> tuple[Option, Option]:
    """Return the options by which a group, or a virtual router, names its checks."""
    return (
        Option(
            "track_host",
            Name("name of a `track_host` section"),
            "Host that has to answer%s." % what,
            many=True,
            title="Tracked hosts",
            group=BASIC,
        ),
        Option(
            "track_script",
            Name("name of a `track_script` section"),
            "Program that has to say that all is well%s." % what,
            many=True,
            title="Tracked scripts",
            group=BASIC,
        ),
    )
