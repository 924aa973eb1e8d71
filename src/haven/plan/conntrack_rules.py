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

# A device, the peers on it, and the ports as nft knows them.
Link = tuple[str, list[str], str]


def commands(conntrack: dict[str, Any] | None, below: dict[str, Any] | None = None) -> Commands:
    """Return the commands that put the rules in place and take them away; none where nothing is copied.

    `below` is what carries the link where that is a protected one.
    """
    if conntrack is None:
        return no_commands()
    links = [_link(conntrack["device"], conntrack["peers"], conntrack["port"], conntrack["agent_port"])]
    if below is not None:
        links.append(_link(below["device"], [below["peer"]], below["port"]))
    untracked = [_untracked("prerouting", "iifname", links), _untracked("output", "oifname", links)]
    # Not at the hook of all that comes in: the same ports of others are none of our business.
    peers = [
        chain("input", [PEERS_HOOK % "input", *(rule for link in links for rule in _from_peers_alone(link))]),
        # Masqueraded, what a client sends to the peer would come from our address there.
        chain("forward", [PEERS_HOOK % "forward", *_not_through_us(links, below is not None)]),
        # And what a user of this router sends comes from our address, too.
        chain("output", [PEERS_HOOK % "output", *map(_by_root_alone, links)]),
    ]
    return joined(
        table_commands("untracked-rules", UNTRACKED_TABLE, "".join(untracked)),
        table_commands("peer-rules", PEERS_TABLE, "".join(peers)),
    )


def _link(device: str, peers: list[str], *ports: int) -> Link:
    return device, peers, "udp dport { %s }" % ", ".join("%d" % port for port in ports)


def _untracked(hook: str, by: str, links: list[Link]) -> str:
    rules = ["meta l4proto %d notrack" % PROTOCOL]
    rules += ['%s "%s" %s notrack' % (by, device, ports) for device, _peers, ports in links]
    return chain(hook, ["type filter hook %s priority raw;" % hook, *rules])


def _from_peers_alone(link: Link) -> Iterator[str]:
    device, peers, ports = link
    yield 'iifname "%s" %s %s accept' % (device, _senders(peers), ports)
    yield "%s drop" % ports


def _by_root_alone(link: Link) -> str:
    device, _peers, ports = link
    return 'oifname "%s" %s meta skuid != 0 drop' % (device, ports)


def _not_through_us(links: list[Link], is_protected: bool) -> Iterator[str]:
    for _device, peers, ports in links:
        family = "ip6" if ":" in peers[0] else "ip"
        yield "%s daddr { %s } %s drop" % (family, ", ".join(peers), ports)
    if is_protected:
        # Nobody but the two has any business on the protected link.
        yield 'oifname "%s" drop' % links[0][0]
        yield 'iifname "%s" drop' % links[0][0]


def _senders(peers: list[str]) -> str:
    if ":" not in peers[0]:
        return "ip saddr { %s }" % ", ".join(peers)
    # The prefix holds the peers' link-local addresses, and sets of nft's do not overlap.
    wide = [LINK_LOCAL] if len(peers) > 1 else []
    exact = [each for each in peers if not (wide and is_link_local(octets_of(each)))]
    return "ip6 saddr { %s }" % ", ".join(exact + wide)
