# SPDX-License-Identifier: GPL-2.0-or-later
"""Firewall rules for virtual routers that must not answer on their virtual addresses.

RFC 9568 6.1, Accept_Mode: without it the Active forwards and answers ARP and neighbour
solicitations, and drops everything else that is addressed to a virtual address. The rules match
addresses that are absent while this router is a Backup, so they can stand at all times.
"""

from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any

from haven.core.vrrp.constants import OWNER_PRIORITY
from haven.plan.nftables import Commands, chain, no_commands, table_commands

TABLE = "inet haven_accept"

_HOOK = "type filter hook input priority filter - 5; policy accept;"
# RFC 9568 6.4.3: these must not be dropped, whatever Accept_Mode says.
_DISCOVERY = "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept"


def commands(routers: Iterable[dict[str, Any]]) -> Commands:
    """Return the commands that put the rules in place and take them away; none if none are needed."""
    rules = [rule for router in routers for rule in _rules(router)]
    if not rules:
        return no_commands()
    chains = chain("input", [_HOOK, 'iifname "lo" accept', _DISCOVERY, *rules])
    return table_commands("accept-rules", TABLE, chains)


def _rules(router: dict[str, Any]) -> list[str]:
    # RFC 9568 6.4.3: the owner of the addresses accepts what is sent to them.
    if router["accept"] or router["priority"] == OWNER_PRIORITY:
        return []
    rules = []
    for address in router["addresses"]:
        ip = ip_address(address.partition("/")[0])
        if ip.version == 4:
            rules.append("ip daddr %s drop" % ip)
        elif ip.is_link_local:
            # The same link-local address can be somebody else's on another device.
            devices = sorted({router["device"], router["address_device"]})
            names = ", ".join('"%s"' % device for device in devices)
            rules.append("iifname { %s } ip6 daddr %s drop" % (names, ip))
        else:
            rules.append("ip6 daddr %s drop" % ip)
    return rules
