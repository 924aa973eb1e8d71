# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules about the routers' own messages: they are kept out of tracking, and come from the peers alone."""

from collections.abc import Iterator
from typing import Any

from haven.core.vrrp.constants import PROTOCOL, is_link_local
from haven.inet import octets_of
from haven.plan.nftables import Commands, chain, joined, no_commands, table_commands

# A full table refuses what it has no entry for: a Backup would no longer hear the Active's ADVERTISEMENTs,
# and become Active beside it. So the routers' own messages are kept out of it.
UNTRACKED_TABLE = "inet haven_untracked"

# conntrackd believes whoever reaches its port, whatever the firewall lets in besides.
PEERS_TABLE = "inet haven_peers"
PEERS_HOOK = "type filter hook %s priority raw;"

# By IPv6, what goes to a group of the link leaves from the link-local address, which no peer_address names.
LINK_LOCAL = "fe80::/10"


def commands(conntrack: dict[str, Any] | None) -> Commands:
    """Return the commands that put the rules in place and take them away; none where nothing is copied."""
    if conntrack is None:
        return no_commands()
    untracked = [
        _untracked("prerouting", 'iifname "%s"' % conntrack["device"], conntrack),
        _untracked("output", 'oifname "%s"' % conntrack["device"], conntrack),
    ]
    # Not at the hook of all that comes in: the same ports of others are none of our business.
    peers = [
        chain("input", [PEERS_HOOK % "input", *_from_peers_alone(conntrack)]),
        # Masqueraded, what a client sends to the peer would come from our address there.
        chain("forward", [PEERS_HOOK % "forward", *_not_through_us(conntrack)]),
    ]
    return joined(
        table_commands("untracked-rules", UNTRACKED_TABLE, "".join(untracked)),
        table_commands("peer-rules", PEERS_TABLE, "".join(peers)),
    )


def _untracked(hook: str, device: str, conntrack: dict[str, Any]) -> str:
    rules = ["meta l4proto %d notrack" % PROTOCOL, "%s %s notrack" % (device, _ports(conntrack))]
    return chain(hook, ["type filter hook %s priority raw;" % hook, *rules])


def _from_peers_alone(conntrack: dict[str, Any]) -> Iterator[str]:
    device, ports = conntrack["device"], _ports(conntrack)
    yield 'iifname "%s" %s %s accept' % (device, _senders(conntrack["peers"]), ports)
    yield "%s drop" % ports


def _not_through_us(conntrack: dict[str, Any]) -> Iterator[str]:
    family = "ip6" if ":" in conntrack["address"] else "ip"
    yield "%s daddr { %s } %s drop" % (family, ", ".join(conntrack["peers"]), _ports(conntrack))


def _senders(peers: list[str]) -> str:
    if ":" not in peers[0]:
        return "ip saddr { %s }" % ", ".join(peers)
    # The prefix holds the peers' link-local addresses, and sets of nft's do not overlap.
    wide = [LINK_LOCAL] if len(peers) > 1 else []
    exact = [each for each in peers if not (wide and is_link_local(octets_of(each)))]
    return "ip6 saddr { %s }" % ", ".join(exact + wide)


def _ports(conntrack: dict[str, Any]) -> str:
    return "udp dport { %d, %d }" % (conntrack["port"], conntrack["agent_port"])
