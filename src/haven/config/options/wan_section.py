# SPDX-License-Identifier: GPL-2.0-or-later
"""The options of a `wan` section."""

from haven.config.options.kinds import Flag, Name
from haven.config.options.option import Option, SectionType

WAN = SectionType(
    "wan",
    "A WAN that is dialled, by DHCP, DHCPv6 or PPPoE: one lease or one session for all routers. Its "
    "interface is up on the Active alone (docs/wan.md).",
    (
        Option(
            "interface",
            Name("interface name"),
            "Interface of the WAN in /etc/config/network; the same name on all routers.",
            required=True,
        ),
        Option(
            "group",
            Name("name of a `group` section"),
            "The group whose Active has it.",
            required=True,
        ),
        Option(
            "standby_out",
            Flag(),
            "Let a standby reach the Internet through the Active: a default route to the group's first "
            "IPv4 address, and DNS by it.",
            default="1",
            title="Internet on a standby",
        ),
    ),
    named=True,
    title="Dialled WANs",
)
