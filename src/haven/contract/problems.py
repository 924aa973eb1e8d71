# SPDX-License-Identifier: GPL-2.0-or-later
"""What is not as it should be, each with what to do about it: havend's own; all are in all_problems.py.

A problem is {"code", "severity", "about", "facts", "message", "do"}. Programs go by the code, the severity
and the facts; `message` and `do` are the same in English. docs/errors.md explains every code; a test holds
the two together.
"""

from haven.contract.auth_problems import AUTH_TABLE
from haven.contract.faults import FAULTS
from haven.contract.host_problems import HOST_TABLE
from haven.contract.message import render
from haven.contract.severities import ERROR, WARNING
from haven.contract.steps import STEPS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Problem = dict[str, Any]

SAME_PASSWORD = "Set the same auth_pass on all routers."
INCOMPATIBLE = "Look at the configuration of that router, or for an incompatible one."

# (code, severity, what is the matter, what to do)
_GATEWAY_TABLE = (
    ("fault", ERROR, "{fault}.", "Mend the link or the address; the group comes back by itself."),
    (
        "priority-lowered",
        WARNING,
        "Tracked devices or checks are down: the priority is lowered by {penalty}.",
        "Mend the link of the tracked device, or what the failing check asks for.",
    ),
    (
        "maintenance-alone",
        WARNING,
        "This node is in maintenance, but no other router takes over from it.",
        "Start the other router, or end the maintenance.",
    ),
    (
        "not-heard",
        WARNING,
        "The Active is heard on other links of the group, but not on {device}.",
        "Look for a cut between the routers, or a firewall that drops VRRP (protocol 112) there.",
    ),
    (
        "deaf",
        ERROR,
        "No ADVERTISEMENT of {peer} comes in on {device}, but it is Active: it says so over the channel.",
        "Look for what stops VRRP from there to here: a firewall (protocol 112), a switch that filters "
        "multicast (IGMP snooping without a querier), or a cut.",
    ),
    (
        "alone",
        ERROR,
        "This node is alone on {device} and does not serve.",
        "Look for a cut on that link.",
    ),
    (
        "witness-silent",
        WARNING,
        "The witness {witness} does not answer on {device}.",
        "See that it runs, is on that link, and answers ARP, neighbour solicitation or ping.",
    ),
    (
        "answers-strange",
        WARNING,
        "Two machines answer for the Active's address {address} on {device}: {other} and, {count} times, "
        "{mac}.",
        "One of them is the Active. Look for the other, which has the same address, or forges answers: while "
        "it answers, an Active that dies is missed only when its ADVERTISEMENTs are.",
    ),
    (
        "addresses-differ",
        WARNING,
        "{peer} advertises other virtual addresses than this node has.",
        "Make the list of addresses the same on all routers.",
    ),
    (
        "interval-differs",
        WARNING,
        "{peer} advertises at another interval than this node.",
        "Set the same advert_interval on all routers.",
    ),
    (
        "settings-differ",
        WARNING,
        "{peer} is Active with another version, password or interval than this node; it is followed on.",
        "Make version, auth_pass and advert_interval the same on all routers: a router that starts now would "
        "not hear it.",
    ),
    (
        "owner-twice",
        ERROR,
        "{peer} also claims to own the addresses (priority 255).",
        "Give priority 255 to one router only.",
    ),
    (
        "owner-elsewhere",
        WARNING,
        "{peer} claims to own the addresses (priority 255), but speaks from another address.",
        "If no router of this pair has priority 255, somebody forges it: look for that address on the link.",
    ),
    (
        "active-stranger",
        ERROR,
        "{peer} is Active, and no router of this pair says that it is.",
        "Look for that address on the link: a foreign router with this VRID, or somebody who forges.",
    ),
    (
        "leaving-stranger",
        WARNING,
        "{peer} says that it leaves, and was not heard to be Active.",
        "Look for that address: a router that stood still, one that is not heard, or somebody who forges.",
    ),
    (
        "flooded",
        ERROR,
        "More VRRP packets come in on {device} than this node reads; it may take over later than usual.",
        "Look in the switch for who sends them, and keep clients off this link.",
    ),
    (
        "word-broken",
        WARNING,
        "{peer} says that it leaves or takes over, and does not, again and again; such words wait for deeds.",
        "Look for a router that restarts all the time, or for somebody who forges on this link.",
    ),
    (
        "flapping",
        ERROR,
        "The group has changed hands {count} times within a minute.",
        "Look for a link that comes and goes, or for somebody who forges on this link.",
    ),
    (
        "rival",
        ERROR,
        "{peer} is Active, too, although it ranks lower.",
        "If it does not yield, it does not hear this node: look for a firewall or a one-way link.",
    ),
    (
        "both-active",
        ERROR,
        "{peer} says that it is Active, too, and this node does not hear it.",
        "Look on their links for a cut, a switch that drops multicast, or a firewall that drops VRRP "
        "(protocol 112).",
    ),
    (
        "address-twice",
        ERROR,
        "Another machine uses our address {address}.",
        "Give each router an address of its own.",
    ),
    (
        "dropped-ttl",
        WARNING,
        "Packets from {peer} are dropped: their TTL is too low, so they came through another router.",
        "Keep the routers on one link, or name each other as unicast_peer and set unicast_hops.",
    ),
    (
        "dropped-version",
        WARNING,
        "Packets from {peer} are dropped: they speak another version of VRRP.",
        "Set the same version on all routers.",
    ),
    (
        "dropped-checksum",
        WARNING,
        "Packets from {peer} are dropped: their checksum is wrong.",
        "Look for a broken link or an incompatible router.",
    ),
    (
        "dropped-interval",
        WARNING,
        "Packets from {peer} are dropped: their advertisement interval is not ours.",
        "With version 2, set the same advert_interval on all routers.",
    ),
    (
        "dropped-auth_type",
        WARNING,
        "Packets from {peer} are dropped: one side uses a password and the other does not.",
        SAME_PASSWORD,
    ),
    (
        "dropped-auth_data",
        WARNING,
        "Packets from {peer} are dropped: their password is not ours.",
        SAME_PASSWORD,
    ),
    (
        "dropped-digest",
        WARNING,
        "Packets from {peer} are dropped: their CARP password or addresses are not ours.",
        "Set the same password, vrid and addresses on all routers; IPv4 and IPv6 of one VHID count together.",
    ),
    (
        "dropped-replay",
        WARNING,
        "Packets from {peer} are dropped: they were heard before, and somebody sends them again.",
        "Look for that address on the link: somebody who has recorded them, or a loop between switches.",
    ),
    (
        "counter-stands",
        WARNING,
        "{peer} does not count its advertisements, so one that is sent again cannot be told from a new one.",
        "That is how OpenBSD speaks CARP. If no router of this pair is one, look for that address.",
    ),
    ("dropped-count", WARNING, "Packets from {peer} are dropped: they name no address.", INCOMPATIBLE),
    ("dropped-length", WARNING, "Packets from {peer} are dropped: their length is wrong.", INCOMPATIBLE),
    ("dropped-type", WARNING, "Packets from {peer} are dropped: their type is not known.", INCOMPATIBLE),
    (
        "dropped-link_local",
        WARNING,
        "Packets from {peer} are dropped: their first address is not link-local.",
        "Put the link-local virtual address first on that router.",
    ),
    (
        "dropped-source",
        WARNING,
        "Packets from {peer} are dropped: it is not a unicast_peer, or it is our own address.",
        "Correct unicast_peer, or give the two machines different addresses.",
    ),
    (
        "send-failed",
        ERROR,
        "The last advertisement could not be sent: {error}.",
        "Look at the link, and with unicast_peer at the route to the peers.",
    ),
    (
        "link-mute",
        ERROR,
        "{device} takes no packets ({error}), although it has a carrier: another router is asked to serve.",
        "Look at what is said of the device in the kernel's log, and at rules for what leaves it.",
    ),
    (
        "receive-failed",
        ERROR,
        "Advertisements of other routers cannot be heard: {error}.",
        "Look at the device; without hearing the others this node may become Active beside them.",
    ),
    (
        "step-failed",
        ERROR,
        "A step failed: {step}: {error}.",
        "Correct the route, the address or the device that it names; 'haven plan' shows all steps.",
    ),
    (
        "reload-refused",
        WARNING,
        "The new configuration was refused: {diagnostic}",
        "Correct it and say 'haven reload' again; until then the old one is in force.",
    ),
    (
        "start-refused",
        ERROR,
        "The configuration was refused: {diagnostic}",
        "Correct it and say 'haven reload'; until then this node is no router of any group.",
    ),
    (
        "held-back",
        WARNING,
        "This node has lost the group {count} times within an hour; it takes it back from a living router in "
        "{left_s} at the earliest.",
        "Look in the events for what comes and goes: a link, an address, a tracked device. A dead router is "
        "replaced at once.",
    ),
    (
        "setup-failed",
        WARNING,
        "The set-up failed: {command} ({error}).",
        "Install what is missing, then restart haven.",
    ),
    (
        "run-dir-on-disk",
        WARNING,
        "The run directory {path} is on a disk: when that stands still, so do the ADVERTISEMENTs.",
        "Use a run directory in memory (tmpfs), such as /var/run/haven on OpenWrt.",
    ),
    (
        "kernel-lacks",
        WARNING,
        "{diagnostic}.",
        "Install the kernel module for it, or take what needs it out of the configuration.",
    ),
    (
        "settings-refused",
        WARNING,
        "The kernel does not take settings that haven needs ({names}): {error}.",
        "In a container, let /proc/sys be written to, or let the host set them before haven starts.",
    ),
    (
        "not-realtime",
        WARNING,
        "Real-time scheduling is not to be had: {error}.",
        "Under load failovers may be late; give havend CAP_SYS_NICE, or set realtime to 0.",
    ),
)

OWN_TABLE = _GATEWAY_TABLE + AUTH_TABLE + HOST_TABLE

_ROWS = {row[0]: row for row in OWN_TABLE}
_INNER: "dict[str, Any]" = {"fault": FAULTS, "step": STEPS, "command": STEPS}


def problem(code: str, about: str, **facts: "Any") -> "Problem":
    """Return a problem of the tables. Raises KeyError for a code or a fact that is missing."""
    (_code, severity, text, do), inner = _row(code)
    return {
        "code": code,
        "severity": severity,
        "about": about,
        "facts": facts,
        "message": render(text, facts, inner).strip(),
        "do": render(do, facts, inner),
    }


def _row(code: str) -> "tuple[tuple[str, ...], dict[str, Any]]":
    if code in _ROWS:
        return _ROWS[code], _INNER
    # A havend without an agent does without them.
    from haven.contract import other_problems

    return other_problems.ROWS[code], other_problems.INNER
