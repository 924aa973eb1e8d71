# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be wrong with signatures and keys, and what is odd where there are none."""

from haven.contract.severities import ERROR, WARNING

SAME_KEYS = "Set the same auth_key on all routers, ids and all."
SAME_TIME = "Let all routers have their time from NTP, or set auth_replay to monotonic on all of them."

# (code, severity, what is the matter, what to do)
AUTH_TABLE = (
    (
        "dropped-auth_unwanted",
        WARNING,
        "Packets from {peer} are dropped: they are signed, and this node has no auth_key.",
        "Set the same auth_key here, with auth_mode receive at first; or take it away there.",
    ),
    (
        "dropped-auth_missing",
        WARNING,
        "Packets from {peer} are dropped: they are not signed.",
        "Set the same auth_key there. If no router of this pair has that address, somebody forges.",
    ),
    (
        "dropped-auth_malformed",
        WARNING,
        "Packets from {peer} are dropped: their signature is of a kind that is not known.",
        "Look for an incompatible router, or for somebody who forges.",
    ),
    (
        "dropped-auth_key",
        WARNING,
        "Packets from {peer} are dropped: they are signed with a key whose id is not known here.",
        SAME_KEYS,
    ),
    (
        "dropped-auth_hash",
        WARNING,
        "Packets from {peer} are dropped: they are not signed with our key.",
        SAME_KEYS + " If they are the same, somebody forges.",
    ),
    (
        "dropped-auth_stale",
        WARNING,
        "Packets from {peer} are dropped: their time is too old.",
        "See that its clock is right. If it is, somebody says again what was recorded.",
    ),
    (
        "dropped-auth_replay",
        WARNING,
        "Packets from {peer} are dropped: they came before.",
        "Look for a loop in the network, or for somebody who says again what was recorded.",
    ),
    (
        "auth-unsigned",
        WARNING,
        "{peer} is heard though it does not sign, as auth_mode is not enforce yet.",
        "Before it is, set the same auth_key there, and auth_mode to permissive.",
    ),
    (
        "auth-would-drop",
        WARNING,
        "{peer} is heard though its signature is not good, as auth_mode is not enforce yet.",
        SAME_KEYS + " The clocks have to agree, too.",
    ),
    ("auth-clock", WARNING, "The clocks of {peer} and of this node differ by {skew_s}.", SAME_TIME),
    (
        "address-moves",
        ERROR,
        "{peer} speaks VRRP on {device} from two MAC addresses, {mac} and {other_mac}.",
        "If it was not replaced, somebody speaks in its name: look for both addresses in the switch.",
    ),
)
