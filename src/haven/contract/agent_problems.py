# SPDX-License-Identifier: GPL-2.0-or-later
"""The problems of the agent and its parts, as rows of the table in problems.py."""

from haven.contract.service_problems import SERVICE_PROBLEMS
from haven.contract.severities import ERROR, WARNING

# (code, severity, what is the matter, what to do)
AGENT_TABLE = (
    (
        "agent-silent",
        WARNING,
        "The agent does not report: nobody copies connections, checks hosts, answers LuCI or calls scripts.",
        "Start haven-agent, and look for its last words in the log.",
    ),
    (
        "agent-older",
        WARNING,
        "The haven-agent that runs is of an older haven ({version}) than havend, and not understood.",
        "Restart haven, so that both are of one version.",
    ),
    (
        "havend-older",
        WARNING,
        "The havend that runs is of an older haven ({version}) than haven-agent, and not understood.",
        "Restart haven, so that both are of one version.",
    ),
    (
        "plan-unread",
        WARNING,
        "The plan cannot be read by haven-agent: {diagnostic}",
        "Say 'haven reload', which writes the plan anew; until then connections may not be copied.",
    ),
    (
        "address-claimed",
        ERROR,
        "Another machine, {mac} on {device}, has the virtual address {address}, too.",
        "Look for it by its MAC address in the switch: a router that has left this pair or was reset and has "
        "its old address again, or somebody who forges. Give it another address, or take it off the link.",
    ),
    (
        "part-silent",
        WARNING,
        "The part '{part}', which the plan has work for, is not in what haven-agent tells.",
        "Restart haven, so that havend and haven-agent are of one version.",
    ),
    (
        "part-failed",
        WARNING,
        "The part '{part}' of haven-agent has failed and is started again: {error}.",
        "Look for its last words in the log; if it goes on, report them.",
    ),
    (
        "agent-unserved",
        WARNING,
        "No command reaches haven-agent, as it cannot listen in the run directory {path}: {error}.",
        "Mend what it names, often a directory that cannot be written to; what else the agent does goes on.",
    ),
    (
        "channel-failed",
        WARNING,
        "There is no channel to the paired routers: {error}.",
        "Mend what it names; the elections do not need the channel.",
    ),
    (
        "peer-away",
        WARNING,
        "Router {node} is not reached over the channel: {why}.",
        "Look whether that router runs, and whether TCP port 3781 is let through between the two.",
    ),
    (
        "small-refused",
        WARNING,
        "The small node {node} gets no new plan: {error}",
        "Correct the configuration, or write one of its own for it: /etc/haven/small/{node}.conf.",
    ),
    (
        "small-unserved",
        WARNING,
        "Small nodes cannot ask for their plans on TCP port {port}: {error}.",
        "Look for another program that has this port.",
    ),
    (
        "adverts-lost",
        WARNING,
        "On {device} {lost} ADVERTISEMENTs over IPv{family} of the last hour are missing, and {heard} were "
        "heard.",
        "Look at the cable, the port of the switch or the Wi-Fi between the routers before it matters.",
    ),
    (
        "drill-failed",
        WARNING,
        "The last drill failed: {outcome}.",
        "Mend what it names, then say 'haven drill': a failover would go wrong likewise.",
    ),
    (
        "history-unwritten",
        WARNING,
        "The history cannot be written to the flash: {error}.",
        "Make room below /etc/haven; until then what happens is remembered until the next reboot.",
    ),
    (
        "node-twice",
        WARNING,
        "This router and the paired one at {at} are both called {node}.",
        "Give one of them another name: option node in section haven of /etc/config/haven, then "
        "'haven reload'. Until then they have no configuration in common, and cannot be told apart.",
    ),
    (
        "sync-conflicts",
        WARNING,
        "Both routers have changed the same of their configuration differently: {count} conflicts.",
        "'haven sync' shows both values; 'haven sync take NODE' decides.",
    ),
    (
        "sync-taken-back",
        WARNING,
        "A change of the configuration was taken back on {node}, which was not what it had been before it.",
        "Look there for what the change has cut off; 'haven sync now' there tries it again.",
    ),
    (
        "sync-failed",
        WARNING,
        "The configuration is not the same on all routers: {error}.",
        "Mend what it names; what this router has stays as it is.",
    ),
    ("check-failed", WARNING, "The check '{check}' of {target} fails: {error}.", "Look at what it asks for."),
    (
        "check-unable",
        WARNING,
        "The check '{check}' of {target} cannot be made from here: {error}.",
        "Give the device an address, or check a host on its own network, which needs none.",
    ),
    (
        "conntrack-unplaced",
        WARNING,
        "The link for the copies of connections has no address on this router, so it copies none.",
        "Set option address of haven.{place} to an address of this router's own on that link, and "
        "ipaddr of the link's interface with it; then say 'haven reload'.",
    ),
    (
        "conntrack-missing",
        WARNING,
        "conntrackd is not installed, so connections do not survive a takeover.",
        "Install the package conntrackd (conntrack-tools), or disable the conntrack section.",
    ),
    (
        "conntrack-no-kernel",
        WARNING,
        "This kernel does not track connections for other programs, so they do not survive a takeover.",
        "Install kmod-nf-conntrack-netlink, or disable the conntrack section.",
    ),
    (
        "conntrack-down",
        WARNING,
        "conntrackd does not run; it is being started again. {error}",
        "Look for its message in the log.",
    ),
    (
        "conntrack-unanswered",
        WARNING,
        "The conntrackd of this router does not answer, so connections are not copied.",
        "It is ended and started again after half a minute; if that happens again, look in the log.",
    ),
    (
        "conntrack-peer-silent",
        WARNING,
        "The conntrackd of {peers} is not heard on {device}: connections are not copied.",
        "See that the other router runs and is linked, that address and peer_address are those of the two, "
        "crosswise, and that both list as many peers.",
    ),
    (
        "conntrack-agent-silent",
        WARNING,
        "The haven-agent of {peers} is not heard on {device}: whether all connections are copied is not "
        "certain.",
        "See that haven-agent runs on the other router, and that both have the same port under conntrack.",
    ),
    (
        "conntrack-device-missing",
        WARNING,
        "The device {device} is not there, so connections are not copied.",
        "Bring it up; copying then begins by itself. Or correct device or interface under conntrack.",
    ),
    (
        "conntrack-link-down",
        WARNING,
        "The link of {device} is down, so connections are not copied.",
        "Look at the cable and at the other end; copying goes on by itself.",
    ),
    (
        "conntrack-address-missing",
        WARNING,
        "This router does not have the address {address}, so connections are not copied.",
        "Give {device} that address, or correct address under conntrack.",
    ),
    (
        "conntrack-no-guard",
        WARNING,
        "The guard of young connections is not in force: {error}.",
        "Install nftables, or set guard under conntrack to 0. What was copied lives on all the same.",
    ),
    (
        "conntrack-limits-differ",
        WARNING,
        "This router's table holds {limit} connections, that of {peer} {there}: what is beyond the smaller "
        "one is lost in a takeover.",
        "Set net.netfilter.nf_conntrack_max to the same on all routers.",
    ),
    (
        "conntrack-renew-long",
        WARNING,
        "A quiet connection lives for {timeout_s} in the kernel of {node} ({setting}), and its copy is "
        "renewed every {renew_s} only: it may be lost in a takeover.",
        "Set renew under conntrack to {most_s} or less, or leave it out: it then follows the kernel.",
    ),
    (
        "conntrack-full",
        WARNING,
        "The connection table holds {count} of {limit} entries: new connections are refused or not copied.",
        "Raise nf_conntrack_max, to the same on all routers.",
    ),
) + SERVICE_PROBLEMS
