# SPDX-License-Identifier: GPL-2.0-or-later
"""The options of a `wireguard` section."""

from haven.config.options.kinds import Device, Name
from haven.config.options.option import BASIC, Option, SectionType

WIREGUARD = SectionType(
    "wireguard",
    "A WireGuard interface with one key for all routers. It is up on the Active alone, which calls the peers "
    "where they were last (docs/wireguard.md).",
    (
        Option(
            "interface",
            Name("interface name"),
            "Interface of /etc/config/network, of protocol `wireguard`. Set this or `device`, not both.",
            group=BASIC,
        ),
        Option(
            "device",
            Device(),
            "Device of WireGuard that is there already, where there is no netifd; it is set up and down. Set "
            "this or `interface`, not both.",
            group=BASIC,
        ),
        Option(
            "group",
            Name("name of a `group` section"),
            "The group whose Active has it.",
            required=True,
        ),
    ),
    named=True,
    one_of=("interface", "device"),
    title="WireGuard",
)
