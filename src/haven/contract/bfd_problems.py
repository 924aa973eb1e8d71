# SPDX-License-Identifier: GPL-2.0-or-later
"""Problems of BFD sessions: rows of the table in contract/problems.py."""

from haven.contract.severities import WARNING

BFD_TABLE = (
    (
        "bfd-down",
        WARNING,
        "The BFD session with {peer} on {device} is not up: nothing is heard.",
        "See that BFD runs there with this router as its peer, and that both firewalls let UDP port 3784 "
        "pass.",
    ),
    (
        "bfd-unheard",
        WARNING,
        "The BFD session with {peer} on {device} is not up: that router does not hear this one.",
        "Look for a firewall there that drops UDP port 3784, or for a link that carries one way only.",
    ),
    (
        "bfd-refused",
        WARNING,
        "The BFD session with {peer} on {device} is not up: that router has taken it down on purpose.",
        "Let that router's administrator enable it, or remove it here.",
    ),
    (
        "bfd-failed",
        WARNING,
        "The BFD session with {peer} on {device} cannot be kept: {error}.",
        "Look for another BFD program on this router that has UDP port 3784, or for a missing route.",
    ),
    (
        "bfd-ttl",
        WARNING,
        "BFD packets from {peer} on {device} are dropped: their TTL is not 255, so they came through another "
        "router, or are forged.",
        "Single-hop BFD wants both routers on one link.",
    ),
    (
        "bfd-auth",
        WARNING,
        "BFD packets from {peer} on {device} are dropped: they are authenticated, which haven's are not.",
        "Switch the authentication of this session off on that router.",
    ),
    (
        "bfd-broken",
        WARNING,
        "BFD packets from {peer} on {device} are dropped ({reasons}).",
        "Look for an incompatible router, or for somebody who forges on this link.",
    ),
    (
        "bfd-stranger",
        WARNING,
        "{peer} sends BFD packets on {device}, and no session is with it.",
        "If it is a router of this pair, name its address in a bfd section that the virtual router names.",
    ),
)
