# SPDX-License-Identifier: GPL-2.0-or-later
"""The options of a `dhcp` section."""

from haven.config.options.kinds import Choice, File, Flag, Name, Whole
from haven.config.options.option import BASIC, Option, SectionType

DHCP = SectionType(
    "dhcp",
    "Lets the clients of a LAN have the virtual address as their gateway: what haven adds to "
    "/etc/config/dhcp, and takes away with this section. `haven dhcp` shows it before it is done.",
    (
        Option(
            "interface", Name("interface name"), "Interface of the LAN in /etc/config/dhcp.", required=True
        ),
        Option(
            "virtual_router",
            Name("name of a `virtual_router` section"),
            "The virtual router whose first address is meant.",
            default_says="the only IPv4 one on this interface",
            group=BASIC,
        ),
        Option(
            "dhcp_option",
            Whole(1, 254),
            "DHCP option that names the virtual address.",
            default_says="`3` gateway and `6` DNS server",
            many=True,
        ),
        Option(
            "leases",
            Flag(),
            "Have each DHCP lease at the paired routers before the client has it, so that whoever is Active "
            "next knows them all; the DHCP server of a standby answers nobody. See docs/leases.md.",
            default="0",
            title="Copy leases",
            group=BASIC,
        ),
        Option(
            "serve",
            Choice("active", "both"),
            "Which routers answer DHCP. `both` does not go with `leases`, nor `active` without: see "
            "docs/leases.md.",
            default_says="`active` with `leases`, else `both`",
            title="Serving routers",
        ),
        Option(
            "lease_file",
            File(),
            "With `leases`, where dnsmasq keeps them.",
            default_says="that of /etc/config/dhcp, or /tmp/dhcp.leases",
        ),
    ),
    title="DHCP",
)
