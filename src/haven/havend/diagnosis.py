# SPDX-License-Identifier: GPL-2.0-or-later
"""What is not as it should be, in plain words, each with what to do about it.

`docs/errors.md` explains every code further; a test holds the two together.
"""

from haven.core.clock import SECOND
from haven.core.vrrp import states
from haven.havend.messages import fault_text
from haven.inet import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from haven.core.group import Group
    from haven.core.virtual_router import VirtualRouter

    Problem = dict[str, str]

RECENT = 15 * SECOND

SAME_PASSWORD = "Set the same auth_pass on all routers."
INCOMPATIBLE = "Look at the configuration of that router, or for an incompatible one."

# (code, what is the matter, what to do)
TABLE = (
    ("fault", "%s.", "Mend the link or the address; the group comes back by itself."),
    (
        "priority-lowered",
        "Tracked devices are down: the priority is lowered by %s.",
        "Mend the link of the tracked device.",
    ),
    (
        "maintenance-alone",
        "This node is in maintenance, but no other router takes over from it.",
        "Start the other router, or end the maintenance.",
    ),
    (
        "not-heard",
        "The Active is heard on other links of the group, but not on %s.",
        "Look for a cut between the routers, or a firewall that drops VRRP (protocol 112) there.",
    ),
    (
        "addresses-differ",
        "%s advertises other virtual addresses than this node has.",
        "Make the list of addresses the same on all routers.",
    ),
    (
        "interval-differs",
        "%s advertises at another interval than this node.",
        "Set the same advert_interval on all routers.",
    ),
    (
        "owner-twice",
        "%s also claims to own the addresses (priority 255).",
        "Give priority 255 to one router only.",
    ),
    (
        "rival",
        "%s is Active, too, although it ranks lower.",
        "If it does not yield, it does not hear this node: look for a firewall or a one-way link.",
    ),
    ("address-twice", "Another machine uses our address %s.", "Give each router an address of its own."),
    (
        "dropped-ttl",
        "Packets from %s are dropped: their TTL is not 255, so they came through another router.",
        "Keep the routers on one link, or name each other as unicast_peer.",
    ),
    (
        "dropped-version",
        "Packets from %s are dropped: they speak another version of VRRP.",
        "Set the same version on all routers.",
    ),
    (
        "dropped-checksum",
        "Packets from %s are dropped: their checksum is wrong.",
        "Look for a broken link or an incompatible router.",
    ),
    (
        "dropped-interval",
        "Packets from %s are dropped: their advertisement interval is not ours.",
        "With version 2, set the same advert_interval on all routers.",
    ),
    (
        "dropped-auth_type",
        "Packets from %s are dropped: one side uses a password and the other does not.",
        SAME_PASSWORD,
    ),
    ("dropped-auth_data", "Packets from %s are dropped: their password is not ours.", SAME_PASSWORD),
    ("dropped-count", "Packets from %s are dropped: they name no address.", INCOMPATIBLE),
    ("dropped-length", "Packets from %s are dropped: their length is wrong.", INCOMPATIBLE),
    ("dropped-type", "Packets from %s are dropped: their type is not known.", INCOMPATIBLE),
    (
        "dropped-link_local",
        "Packets from %s are dropped: their first address is not link-local.",
        "Put the link-local virtual address first on that router.",
    ),
    (
        "dropped-source",
        "Packets from %s are dropped: it is not a unicast_peer, or it is our own address.",
        "Correct unicast_peer, or give the two machines different addresses.",
    ),
    (
        "send-failed",
        "The last advertisement could not be sent: %s.",
        "Look at the link, and with unicast_peer at the route to the peers.",
    ),
    (
        "receive-failed",
        "Advertisements of other routers cannot be heard: %s.",
        "Look at the device; without hearing the others this node may become Active beside them.",
    ),
    (
        "agent-silent",
        "The agent does not report: nobody copies connections, answers LuCI and ubus, or calls scripts.",
        "Start haven-agent, and look for its last words in the log.",
    ),
    ("step-failed", "A step failed: %s.", "'haven plan' shows the step; the log has more."),
    (
        "reload-refused",
        "The new configuration was refused: %s",
        "Correct it and say 'haven reload' again; until then the old one is in force.",
    ),
    (
        "start-refused",
        "The configuration was refused: %s",
        "Correct it and say 'haven reload'; until then this node is no router of any group.",
    ),
    ("setup-failed", "The set-up failed: %s.", "Install what is missing, then restart haven."),
    (
        "not-realtime",
        "Real-time scheduling is not to be had: %s.",
        "Under load failovers may be late; give havend CAP_SYS_NICE, or set realtime to 0.",
    ),
)

_ROWS = {row[0]: row for row in TABLE}
_REMARKS = (("addresses", "addresses-differ"), ("interval", "interval-differs"), ("owner", "owner-twice"))


def problem(code: str, about: str, detail: str = "") -> "Problem":
    """Return a problem of the table as status shows it."""
    _code, message, do = _ROWS[code]
    text = message % detail if "%s" in message else message
    if text.split()[0].isalpha():
        # An address or a device at the head is written as it is.
        text = text[0].upper() + text[1:]
    return {"code": code, "about": about, "message": text, "do": do}


def of_group(group: "Group", now: int) -> "list[Problem]":
    """Return what is the matter with a group and its virtual routers."""
    name = group.spec.name
    found = [problem("fault", name, fault_text(fault)) for fault in group.faults]
    if group.penalty:
        found.append(problem("priority-lowered", name, str(group.penalty)))
    if group.maintenance and group.state == states.ACTIVE and group.handover is None:
        found.append(problem("maintenance-alone", name))
    for member in group.members:
        found.extend(_of_router(group, member, now))
    return found


def _of_router(group: "Group", router: "VirtualRouter", now: int) -> "list[Problem]":
    name, anomalies, found = router.spec.name, router.anomalies, []
    if group.state == states.BACKUP and router.silent and not router.lower_heard:
        found.append(problem("not-heard", name, router.spec.device))
    for kind, code in _REMARKS:
        if kind in anomalies and anomalies[kind][0] == router.active_source:
            found.append(problem(code, name, text_of(anomalies[kind][0])))
    recent = [("own_address", "address-twice")]
    if group.state == states.ACTIVE:
        recent.append(("rival", "rival"))
    for kind, code in recent:
        if kind in anomalies and now - anomalies[kind][1] < RECENT:
            found.append(problem(code, name, text_of(anomalies[kind][0])))
    return found


def of_ports(group: "Group", mute: "dict[str, str]", deaf: "dict[tuple[str, int], str]") -> "list[Problem]":
    """Return which virtual routers of a group cannot send, and which cannot hear."""
    found = []
    for member in group.members:
        spec = member.spec
        if group.state == states.ACTIVE and spec.name in mute:
            found.append(problem("send-failed", spec.name, mute[spec.name]))
        if (spec.device, spec.family) in deaf:
            found.append(problem("receive-failed", spec.name, deaf[(spec.device, spec.family)]))
    return found


def of_drops(drops: "dict[tuple[str, str], tuple[bytes, int]]", now: int) -> "list[Problem]":
    """Return what recently dropped packets say; `drops` has (router, reason) -> (source, when)."""
    found = []
    for name, reason in sorted(drops):
        source, at = drops[(name, reason)]
        if now - at < RECENT and "dropped-" + reason in _ROWS:
            found.append(problem("dropped-" + reason, name, text_of(source)))
    return found


def of_failures(failures: "dict[str, list[str]]") -> "list[Problem]":
    """Return the steps of takeover or release that failed."""
    return [problem("step-failed", name, text) for name in sorted(failures) for text in failures[name]]


def of_refusal(texts: "Sequence[str]", at_start: bool) -> "list[Problem]":
    """Return what was wrong with a configuration that was refused; `at_start`, so that none is in force."""
    code = "start-refused" if at_start else "reload-refused"
    return [problem(code, "configuration", text) for text in texts]
