# SPDX-License-Identifier: GPL-2.0-or-later
"""What a virtual router needs of the firewall, as service data has it: KEY=VALUE ..., a rule each."""

from haven.core.vrrp.constants import PROTOCOL, multicast_group
from haven.inet import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# How a switch that snoops asks who is in a group (IGMP, MLD). Unanswered, it soon passes nothing on.
QUERIES = {
    4: "device=%s family=ipv4 proto=igmp",
    6: "device=%s family=ipv6 proto=icmp src_ip=fe80::/10 icmp_type=130/0",
}

# How a host asks for its routers; it may have no address yet.
SOLICITATIONS = "device=%s family=ipv6 proto=icmp icmp_type=133/0"

# What IPv6 finds a neighbour by: on a link in no zone fw4 rejects it, and then no answer leaves.
NEIGHBOURS = tuple("device=%%s family=ipv6 proto=icmp icmp_type=%d/0" % kind for kind in (135, 136))


def vrrp_rules(device: str, family: int, peers: "Iterable[bytes]", says_itself: bool) -> "list[str]":
    """Return the rules of one; `says_itself` by router advertisements."""
    rule = "device=%s family=ipv%d proto=%d" % (device, family, PROTOCOL)
    found = [SOLICITATIONS % device] if says_itself else []
    if not peers:
        found.append("%s dest_ip=%s" % (rule, text_of(multicast_group(family))))
        if family == 6:
            # Of IPv4's, a switch passes on all of 224.0.0.x unasked.
            found.append(QUERIES[6] % device)
    return found + ["%s src_ip=%s" % (rule, text_of(peer)) for peer in peers]
