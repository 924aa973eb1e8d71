# SPDX-License-Identifier: GPL-2.0-or-later
"""The one table of what `haven doctor` looks at: each check, and each thing that it can find wrong."""

from haven.contract.doctor_router_checks import ROUTER_CHECKS
from haven.contract.doctor_rows import Check, Finding
from haven.contract.severities import ERROR, WARNING

MULTICAST_DO = (
    "Switch IGMP and MLD snooping off for this link in the switch, access point or bridge between the two, "
    "or give the link a querier; or name each other as unicast_peer."
)
SAME = "Make it the same on all routers: 'haven sync' keeps it so."
WAN_LOST = "After a takeover {node} would have the address and no way out."

CHECKS: "tuple[Check, ...]" = (
    Check(
        "status",
        "What the programs of haven say of themselves on each router",
        "They run, and name no problem.",
        Finding(
            "not-running",
            ERROR,
            "havend does not answer on {node}.",
            "{node} takes nothing over, whatever happens to the other routers.",
            "'service haven start' there; 'haven validate' and 'logread -e haven' say why.",
        ),
        Finding("problem", WARNING, "On {node}: {problem}", "{node} itself names it.", "{advice}"),
    ),
    Check(
        "pairing",
        "Whether this router hears the other ones over their channel",
        "All paired routers answer.",
        Finding(
            "peer-unasked",
            ERROR,
            "{node} does not answer over the channel: {why}.",
            "What only {node} knows was not looked at, and it may not be able to take over at all.",
            "Look whether it runs, whether its haven is of the same version, and whether TCP port 3781 is "
            "let through between the two.",
        ),
    ),
    Check(
        "adverts",
        "Whether frames of VRRP get through between the routers, both ways, on every link",
        "They do, and arrive with TTL 255.",
        Finding(
            "link-cut",
            ERROR,
            "On {device} nothing gets through between {peer} and {node}.",
            "Each believes the other dead there: both may be Active at once.",
            "Look at the cables, the VLAN and the switch between the two.",
        ),
        Finding(
            "link-one-way",
            ERROR,
            "On {device} {node} hears nothing of {peer}, which hears {node}.",
            "{node} believes {peer} dead there: both may be Active at once.",
            "Look for a cable, switch or access point that carries one direction only, or filters by MAC.",
        ),
        Finding(
            "multicast-filtered",
            ERROR,
            "On {device} broadcasts of {peer} reach {node}, but not its multicast.",
            "Something between the two throws away what nobody seems to have asked for; so it does with "
            "ADVERTISEMENTs, and both may be Active at once.",
            MULTICAST_DO,
        ),
        Finding(
            "ttl-low",
            ERROR,
            "Frames of VRRP from {peer} reach {node} on {device} with TTL {ttl} instead of 255.",
            "They came through a router, or something changes them: ADVERTISEMENTs like them are dropped.",
            "Look for a rule that sets the TTL, or for a router between the two.",
        ),
    ),
    Check(
        "firewall",
        "Whether each router's own firewall lets VRRP in",
        "It does.",
        Finding(
            "firewall-drops",
            ERROR,
            "VRRP of {peer} comes in on {device} of {node}, and the firewall there drops it.",
            "{node} does not hear {peer}: both may be Active at once.",
            "Let protocol 112 in on {device} (haven's own rules do; 'service firewall reload' brings them "
            "back), and look for a rule that drops it before.",
        ),
    ),
    Check(
        "foreign-mac",
        "Whether frames with a virtual MAC address get through",
        "They do, where such an address is used.",
        Finding(
            "mac-filtered",
            ERROR,
            "Frames of {peer} with a virtual MAC address do not reach {node} on {device}; its others do.",
            "A port may speak with its own MAC address alone: so do hypervisors and port security.",
            "Allow forged transmits (MAC spoofing) for the ports of both routers, or set virtual_mac to 0.",
        ),
        Finding(
            "bridge-filtered",
            WARNING,
            "{node} uses a virtual MAC address, and its bridges hand frames to the firewall "
            "({setting} is 1).",
            "Rules for routed packets then meet bridged frames, and answers may be lost.",
            "Set {setting} to 0, or virtual_mac to 0.",
        ),
    ),
    Check(
        "strangers",
        "Whether anybody else advertises a virtual router of this pair",
        "Nobody else does.",
        Finding(
            "vrid-stranger",
            ERROR,
            "{address} advertises VRID {vrid} on {device}, too, and is none of these routers.",
            "Two sets of routers with one VRID take the address from each other, or drop each other's words.",
            "Look for it by its MAC address {mac}; give this pair, or that router, another vrid.",
        ),
    ),
    Check(
        "settings",
        "Whether what has to be equal on all routers is, and what has to differ does",
        "It is as it has to be.",
        Finding(
            "router-missing",
            ERROR,
            "{node} has no virtual router with VRID {vrid} for IPv{family}, which {peer} has as '{name}'.",
            "After a takeover by {node} nobody has its addresses.",
            SAME,
        ),
        Finding(
            "addresses-unequal",
            ERROR,
            "'{name}' has {here} on {node} and {there} on {peer}.",
            "After a takeover some addresses are gone.",
            SAME,
        ),
        Finding(
            "setting-unequal",
            ERROR,
            "'{name}' has {option} {here} on {node} and {there} on {peer}.",
            "The routers may not understand each other's ADVERTISEMENTs, or miss an Active that lives.",
            SAME,
        ),
        Finding(
            "groups-unequal",
            ERROR,
            "'{name}' and '{other}' change hands together on {node}, and each by itself on {peer}.",
            "LAN and WAN may end on different routers, and nothing gets through.",
            SAME,
        ),
        Finding(
            "priority-equal",
            WARNING,
            "'{name}' has priority {priority} on both {node} and {peer}.",
            "Who is Active is decided by the higher address, not by you.",
            "Give the better router the higher priority.",
        ),
        Finding(
            "priority-crossed",
            WARNING,
            "{node} has the higher priority for '{name}', and {peer} for '{other}' of the same group.",
            "Which of them is Active is decided by whoever is heard first.",
            "Give one router the higher priority for all virtual routers of a group.",
        ),
    ),
    Check(
        "claims",
        "Who answers for the virtual addresses, and for the routers' own",
        "The Active does, and nobody else.",
        Finding(
            "claimed",
            ERROR,
            "{mac} on {device} answers for {address}, too, and is none of these routers.",
            "Devices reach one or the other by chance.",
            "Look for that MAC address in the switch; give the machine another address, or take it away.",
        ),
        Finding(
            "own-claimed",
            ERROR,
            "{mac} on {device} answers for {address}, which is {node}'s own address.",
            "ADVERTISEMENTs of {node} and what is sent to it may go to another machine.",
            "Give each machine an address of its own.",
        ),
        Finding(
            "answered-by-standby",
            ERROR,
            "{node} has {address} on {device}, and is not Active.",
            "Two routers answer for one address.",
            "Remove it from the interface in /etc/config/network: haven sets it on the Active.",
        ),
        Finding(
            "unanswered",
            ERROR,
            "Nobody answers for {address} on {device}, as {node} has asked.",
            "Devices do not find their gateway now.",
            "Look at arp_ignore and at rules for ARP on the Active, and at the link between the two.",
        ),
    ),
    Check(
        "dhcp",
        "Whether DHCP could give an address of the routers to a client",
        "The routers' addresses are outside of what DHCP gives.",
        Finding(
            "in-pool",
            ERROR,
            "{address}, an address of these routers, is among those from {first} to {last} that {node} gives "
            "by DHCP on '{interface}'.",
            "A client can get it, and then answers for the gateway.",
            "Set start and limit of that pool in /etc/config/dhcp so that it leaves {address} out.",
        ),
        Finding(
            "static-lease",
            ERROR,
            "{node} has a static lease of {address}, an address of these routers, for {client}.",
            "That client gets it, and then answers for the gateway.",
            "Give the client another address in /etc/config/dhcp.",
        ),
    ),
    Check(
        "nat",
        "Which address connections leave from on each router",
        "They leave from a virtual address, or as they are.",
        Finding(
            "masquerade",
            ERROR,
            "On {node} connections from {network} leave by {device} with that device's own address "
            "(masquerade).",
            "They die in a takeover, as that address does not move.",
            "Add a section nat to /etc/config/firewall, with target SNAT and snat_ip {address}: it comes "
            "before masquerading.",
        ),
        Finding(
            "snat-own",
            ERROR,
            "On {node} connections from {network} leave by {device} from {found}, no virtual address.",
            "They die in a takeover, as that address does not move.",
            "Set snat_ip of that rule to {address}.",
        ),
        Finding(
            "snat-missing",
            ERROR,
            "On {node} connections from {network} leave by {device} as they are, on {peer} from {address}.",
            "After a takeover by {node} they get no answers.",
            "Give {node} the same section nat in /etc/config/firewall.",
        ),
    ),
    Check(
        "ways-out",
        "Whether each router could carry everything: its default route, and whether the provider answers it",
        "Each has a way out that answers.",
        Finding(
            "no-route",
            ERROR,
            "{node} has no default route, and gets none in a takeover; {peer} has one by {device}.",
            WAN_LOST,
            "Give its WAN a gateway in /etc/config/network, or the virtual router a list route "
            "'default via ...'.",
        ),
        Finding(
            "gateway-silent",
            ERROR,
            "The next router {gateway} on {device} does not answer {node}.",
            WAN_LOST,
            "Look at {node}'s cable to the provider, and whether the provider serves two routers.",
        ),
        Finding(
            "forwarding-off",
            ERROR,
            "{node} does not forward IPv{family} packets ({setting} is 0).",
            WAN_LOST,
            "Set {setting} to 1.",
        ),
        Finding(
            "upstream-stale",
            ERROR,
            "{gateway} answers {node}'s own address on {device} itself, but not the virtual one, {address}.",
            "It still sends to the MAC address of before the last takeover: when that dies, nothing comes.",
            "Clear the ARP table of that router, allow gratuitous ARP on it, or set virtual_mac to 1, so "
            "that the MAC address moves, too.",
        ),
    ),
) + ROUTER_CHECKS

# Why a check was not made, or not on all routers.
UNABLE = {
    "unpaired": "no other router is paired with this one, so nobody else was asked: 'haven pair'",
    "not-asked": "{node} was not asked: {why}",
    "not-told": "{node} did not finish what it takes to tell of '{part}'",
    "no-plan": "{node} has no plan in force, so what it is to do is not known",
    "no-status": "havend does not answer on {node}",
    "no-rules": "the firewall's rules of {node} cannot be read: {error}",
    "no-socket": "{node} cannot listen on {device}: {error}",
    "no-wan": "no router has a default route over a link of a virtual router",
    "no-dhcp": "{node} has no file /etc/config/dhcp",
    "failed": "the check itself failed: {error}",
}

FINDINGS = {finding.code: (check, finding) for check in CHECKS for finding in check.findings}
