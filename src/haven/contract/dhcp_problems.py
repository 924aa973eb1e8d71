# SPDX-License-Identifier: GPL-2.0-or-later
"""What is not as it should be with DHCP leases: rows of the table in problems.py."""

from haven.contract.severities import ERROR, WARNING

# (code, severity, what is the matter, what to do)
LEASES_TABLE = (
    (
        "leases-unpaired",
        WARNING,
        "DHCP leases are not copied: this router is not paired with another one.",
        "Pair the routers: 'haven pair' on one, 'haven join' on the other.",
    ),
    (
        "leases-unheld",
        WARNING,
        "A client may have a lease before another router knows of it: {error}.",
        "Install kmod-nft-queue (off OpenWrt: a kernel with NFQUEUE). Meanwhile leases are copied after a "
        "second.",
    ),
    (
        "leases-unclosed",
        ERROR,
        "The DHCP server of this router cannot be kept from answering while it is standby: {error}.",
        "Install nftables; both routers give leases meanwhile, and may give one address twice.",
    ),
    (
        "leases-unkept",
        WARNING,
        "DHCP leases are not kept for a reboot: {error}.",
        "See that there is room, and that the file can be written; one that is damaged is written anew.",
    ),
    (
        "leases-unserved",
        ERROR,
        "The DHCP server of this router does not have the leases of the other one: {error}.",
        "Mend what it names; it is tried again every half minute.",
    ),
    (
        "lease-file-odd",
        WARNING,
        "The leases of the DHCP server cannot be read as they should be: {error}.",
        "Look at that file; what was known before is kept, and goes on being copied.",
    ),
    (
        "leases-full",
        WARNING,
        "There are {count} leases, and the DHCP server takes {limit}: it refuses new clients.",
        "Raise dhcpleasemax in /etc/config/dhcp, on all routers.",
    ),
    (
        "lease-clash",
        WARNING,
        "{address} was given to two devices while the routers were apart: {winner} keeps it, {loser} gets "
        "another one when it renews.",
        "Nothing; or let that device connect again to be quicker.",
    ),
    (
        "lease-identifier",
        WARNING,
        "The device {mac} has several leases at a time ({addresses}): it changes its client identifier.",
        "Let it use one, or set a static lease for its MAC address.",
    ),
)
