# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be the matter with WireGuard, as rows of the table of problems."""

from haven.contract.severities import ERROR, WARNING

WIREGUARD_TABLE = (
    (
        "wireguard-unpaired",
        WARNING,
        "The routers are not paired: a standby does not know where the peers of WireGuard are.",
        "Pair them: 'haven pair' here, 'haven join' on the other one.",
    ),
    (
        "wireguard-netifd",
        WARNING,
        "No answer from netifd, so {interface} stays as it is: {error}.",
        "Look whether netifd and ubusd run.",
    ),
    (
        "wireguard-missing",
        WARNING,
        "There is no WireGuard interface {interface}.",
        "Configure it, or correct the wireguard section.",
    ),
    (
        "wireguard-down",
        ERROR,
        "This router is Active, and {interface} does not come up.",
        "Look at its key and its peers; 'ifstatus {interface}' and 'logread' show what netifd knows.",
    ),
    (
        "wireguard-tool",
        WARNING,
        "{interface} cannot be looked at, so its peers are not called after a takeover: {error}.",
        "Install wireguard-tools; see what 'wg show {interface}' says.",
    ),
    (
        "wireguard-source",
        WARNING,
        "Peers behind a firewall may not be reached after a takeover, as they are not called from the "
        "virtual address: {error}.",
        "See what 'nft list ruleset' says.",
    ),
    (
        "wireguard-differs",
        WARNING,
        "{interface} has another private key here than on {node}: the peers take the two for strangers.",
        "Give it the same private key on all routers.",
    ),
    (
        "wireguard-clock",
        WARNING,
        "The clock is {seconds} s behind that of {node}: after a takeover peers may not listen for so long, "
        "as a call from here looks older than the last one from there.",
        "Let both routers take the time from the same server.",
    ),
)
