# SPDX-License-Identifier: GPL-2.0-or-later
"""The rows of doctor's table that are about each router itself: what it copies, has, and could do now."""

from haven.contract.doctor_rows import ADVICE, Check, Finding
from haven.contract.severities import ERROR, WARNING

ROUTER_CHECKS = (
    Check(
        "connections",
        "Whether connections would live through a takeover",
        "Their copies have a link of their own, and the firewalls know the same helpers.",
        Finding(
            "helpers-differ",
            WARNING,
            "{node} does not know the helpers of {peer}: {helpers}.",
            "Calls and transfers that need them end in a takeover by {node}.",
            "Install the same kmod-nf-nathelper packages, and set the same helpers in the firewall.",
        ),
        Finding(
            "link-shared",
            WARNING,
            "On {device}, the link for copies of connections, {node} hears {mac}, which is none of these "
            "routers.",
            "Whoever is there can forge copies, and slow them down.",
            "Give the copies a cable or a VLAN that only the routers have, or set option protect.",
        ),
        Finding(
            "no-copies",
            ADVICE,
            "Connections are not copied to other routers.",
            "All of them end in a takeover, and are opened anew by those who can.",
            "Add a section conntrack to /etc/config/haven, and a link between the routers for it.",
        ),
    ),
    Check(
        "clock",
        "Whether the routers have the right time, and the same",
        "Their clocks agree.",
        Finding(
            "clock-unset",
            WARNING,
            "The clock of {node} says {year}.",
            "It was never set: logs, certificates and leases have the wrong time.",
            "Look whether NTP gets through on the standby, too; it may need a default route of its own.",
        ),
        Finding(
            "clocks-differ",
            WARNING,
            "The clock of {node} is {off_s} away from that of {peer}.",
            "Leases, logs and what is to happen at a time differ after a takeover.",
            "Look at NTP on both: 'ntpd -q -p SERVER' says whether it is reached.",
        ),
    ),
    Check(
        "room",
        "Whether there is room on flash and in memory",
        "There is enough.",
        Finding(
            "flash-full",
            WARNING,
            "{node} has {free_kb} kB left on {path}.",
            "Changed configurations and leases may not be written, and no package be upgraded.",
            "Remove packages or files there: 'du -sx /overlay/upper/*' shows what is large.",
        ),
        Finding(
            "memory-low",
            WARNING,
            "{node} has {free_kb} kB of memory left.",
            "The kernel may end a program in the moment of a takeover.",
            "Look with 'top' for what takes it, and stop what is not needed.",
        ),
    ),
    Check(
        "versions",
        "Whether the routers have the same haven, and each the configuration that is in its file",
        "They have.",
        Finding(
            "version-differs",
            WARNING,
            "{node} has haven {here}, and {peer} has {there}.",
            "They work together, but not everything that the newer one knows.",
            "'haven upgrade FILE' brings one version to all paired routers.",
        ),
        Finding(
            "config-wrong",
            ERROR,
            "The configuration file of {node} is not valid: {diagnostic}",
            "haven goes on with what it has, and does not start after the next boot.",
            "Correct it; 'haven validate' names every mistake.",
        ),
        Finding(
            "config-waits",
            WARNING,
            "{node} does not go by its configuration file: it was changed, and not loaded.",
            "After the next boot it behaves differently.",
            "'haven reload' there.",
        ),
        Finding(
            "no-boot",
            ERROR,
            "haven is not started when {node} boots.",
            "After a power cut {node} stays without haven.",
            "'service haven enable' there.",
        ),
    ),
    Check(
        "links",
        "The devices of the virtual routers and of the copies: their MTU, and snooping on multicast",
        "They are alike.",
        Finding(
            "mtu-differs",
            WARNING,
            "The MTU of {device} is {here} on {node}, and {there} on {peer}.",
            "Large packets get through one router, and not through the other.",
            "Set the same mtu on both, in the device's section of /etc/config/network.",
        ),
        Finding(
            "mtu-small",
            ERROR,
            "An ADVERTISEMENT of '{name}' has {octets} octets, and {device} of {node} carries {mtu}.",
            "{node} cannot advertise: the other routers believe it dead.",
            "Raise the MTU, or give the virtual router fewer addresses.",
        ),
        Finding(
            "snooping",
            WARNING,
            "The bridge {device} of {node} snoops on multicast and hears no querier; '{name}' is IPv6.",
            "It may stop to hand on ADVERTISEMENTs of IPv6.",
            "Set option igmp_snooping '0', or multicast_querier '1', in the bridge's section of "
            "/etc/config/network.",
        ),
    ),
    Check(
        "takeover",
        "How long a takeover would take now, and what it would lose",
        "A takeover would be quick, and lose nothing that is known.",
        Finding(
            "slow",
            WARNING,
            "{node} would miss a dead Active of '{group}' after {after_us} only.",
            "For so long nothing gets through when the Active loses its power.",
            "Shorten advert_interval on all routers, and do not set heartbeat to 0.",
        ),
        Finding(
            "no-heartbeat",
            ADVICE,
            "{node} misses a dead Active of '{group}' by its ADVERTISEMENTs alone, after {after_us}.",
            "Asking the other's kernel would be faster.",
            "Do not set heartbeat to 0, and let the Active answer ARP; for the first minutes it is on trial.",
        ),
        Finding(
            "at-risk",
            WARNING,
            "A takeover now may lose connections: {risk}.",
            "{node} says so.",
            "Wait for it to be in sync; if that does not come, look at the section conntrack of all routers.",
        ),
        Finding(
            "nobody",
            ERROR,
            "There is no router that could take over '{group}' from {node} now.",
            "If {node} dies, nothing gets through.",
            "Look at the other router: its links, its faults, and whether it is in maintenance.",
        ),
    ),
)
