# SPDX-License-Identifier: GPL-2.0-or-later
"""Problems of what hosts are told by router advertisements: rows of the table in contract/problems.py."""

from haven.contract.severities import WARNING

HOST_TABLE = (
    (
        "ra-stranger",
        WARNING,
        "{peer} sends router advertisements on {device}, too: hosts there have two default routers.",
        "If it is a router of this pair, let its odhcpd or radvd send none there ('haven dhcp' shows what "
        "haven changes for that). Else look for that address on the link.",
    ),
    (
        "ra-no-prefix",
        WARNING,
        "Hosts on {device} are given no IPv6 prefix: neither the device nor the configuration has one.",
        "Give the device or the virtual router an address with a /64, or set ra_prefix.",
    ),
)
