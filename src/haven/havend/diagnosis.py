# SPDX-License-Identifier: GPL-2.0-or-later
"""What is the matter with this node, found in the engine, the sockets and the addresses."""

from haven.contract.diagnostics import LACKS
from haven.contract.faults import fault
from haven.contract.freshness import PEER_FRESH_MS
from haven.contract.problems import problem
from haven.core.clock import SECOND
from haven.core.strangers import OWN_ADDRESS
from haven.core.trust import YIELDS
from haven.core.vrrp import states
from haven.core.vrrp.constants import OWNER_PRIORITY
from haven.inet import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from haven.core.group import Group
    from haven.core.virtual_router import VirtualRouter
    from haven.havend.netlink_batch import StepFailure
    from haven.havend.vrrp_sockets import VrrpSockets

    Problem = dict[str, Any]

RECENT = 15 * SECOND
# A takeover is known to all that have a part in it after this.
SETTLED = 3 * SECOND

_ANOMALIES = (
    ("addresses", "addresses-differ"),
    ("interval", "interval-differs"),
    ("settings", "settings-differ"),
    ("owner", "owner-twice"),
    ("standing", "counter-stands"),
)


_STRANGE = (("stranger_owner", "owner-elsewhere"), ("stranger_leaves", "leaving-stranger"))


def of_notice(name: str, kind: str, source: bytes) -> "Problem":
    """Return what was noticed of a word that cannot be refused, to be told as it happens."""
    if kind == OWN_ADDRESS:
        return problem("address-twice", name, address=text_of(source))
    return problem(dict(_STRANGE).get(kind, "dropped-" + kind), name, peer=text_of(source))


def of_group(group: "Group", now: int) -> "list[Problem]":
    """Return what is the matter with a group and its virtual routers."""
    name = group.spec.name
    found = [problem("fault", name, fault=fault(kind, about)) for kind, about in group.faults]
    if group.penalty:
        found.append(problem("priority-lowered", name, penalty=group.penalty))
    if group.maintenance and group.state == states.ACTIVE and group.handover is None:
        found.append(problem("maintenance-alone", name))
    found.extend(_of_losses(group, now))
    alone = group.alone_on(now)
    if alone is not None:
        found.append(problem("alone", name, device=alone.spec.device))
    found.extend(_of_trust(group, now))
    for member in group.members:
        found.extend(_of_router(group, member, now))
    return found


def _of_losses(group: "Group", now: int) -> "list[Problem]":
    left = group.preemption.hold_back.left(now)
    if not left or not group.spec.preempt or group.state == states.ACTIVE:
        return []
    facts = {"count": group.preemption.hold_back.count(now), "left_s": left // SECOND}
    return [problem("held-back", group.spec.name, **facts)]


def _of_trust(group: "Group", now: int) -> "list[Problem]":
    found = []
    peer = group.trust.broken_by(now)
    if peer is not None:
        found.append(problem("word-broken", group.spec.name, peer=text_of(peer)))
    if group.trust.is_flapping(now):
        found.append(problem("flapping", group.spec.name, count=YIELDS))
    return found


def of_strangers(groups: "Sequence[Group]", peers: "Sequence[dict[str, Any]]", now: int) -> "list[Problem]":
    """Return which Active that is followed is none of the pair's, as all of these say that they are not."""
    if not peers or any(not peer["fresh"] or peer.get("state") == states.ACTIVE for peer in peers):
        return []
    found = []
    for group in groups:
        for member in group.members:
            since = member.followed_since
            settled = since is not None and now - since > SETTLED
            if group.state == states.BACKUP and not member.silent and settled and member.active_source:
                peer = text_of(member.active_source)
                found.append(problem("active-stranger", member.spec.name, peer=peer))
    return found


def of_split(
    groups: "Sequence[Group]", peers: "Sequence[dict[str, Any]]", age_s: float, now: int
) -> "list[Problem]":
    """Return which peer says that it is Active, too; `age_s` is for how long this node has its state.

    A peer tells one state for all of its groups, so with several of them nothing follows from it.
    """
    if len(groups) != 1 or groups[0].state != states.ACTIVE or _has_rival(groups[0], now):
        return []
    said_since_ms = min(PEER_FRESH_MS, age_s * 1000 - SETTLED // 1000)
    found = []
    for peer in peers:
        heard_ms = peer.get("heard_ms")
        if peer.get("state") == states.ACTIVE and heard_ms is not None and heard_ms < said_since_ms:
            found.append(
                problem("both-active", groups[0].spec.name, peer=peer.get("node") or peer["address"])
            )
    return found


def _has_rival(group: "Group", now: int) -> bool:
    return any(_is_recent(member.anomalies, "rival", now) for member in group.members)


def _claims_elsewhere(router: "VirtualRouter") -> bool:
    """Tell whether the Active has the owner's priority and an address that is not its virtual one."""
    return router.active_priority == OWNER_PRIORITY and router.active_source not in router.spec.addresses


def _is_deaf(router: "VirtualRouter") -> bool:
    """Tell whether the link has brought no ADVERTISEMENT since the channel had to.

    It has to for a moment when another router has just become Active.
    """
    return router.heard_at is None or router.heard_at <= router.anomalies["vouched"][1]


def _of_router(group: "Group", router: "VirtualRouter", now: int) -> "list[Problem]":
    name, anomalies, found = router.spec.name, router.anomalies, []
    if group.state == states.BACKUP and router.silent and not router.lower_heard:
        found.append(problem("not-heard", name, device=router.spec.device))
    if group.state == states.BACKUP and _is_recent(anomalies, "vouched", now) and _is_deaf(router):
        facts = {"peer": text_of(anomalies["vouched"][0]), "device": router.spec.device}
        found.append(problem("deaf", name, **facts))
    for kind, code in _ANOMALIES:
        if kind in anomalies and anomalies[kind][0] == router.active_source:
            found.append(problem(code, name, peer=text_of(anomalies[kind][0])))
    if group.state == states.BACKUP and _claims_elsewhere(router):
        assert router.active_source is not None
        found.append(problem("owner-elsewhere", name, peer=text_of(router.active_source)))
    if _is_recent(anomalies, "own_address", now):
        found.append(problem("address-twice", name, address=text_of(anomalies["own_address"][0])))
    if group.state == states.ACTIVE and _is_recent(anomalies, "rival", now):
        found.append(problem("rival", name, peer=text_of(anomalies["rival"][0])))
    if group.state == states.ACTIVE and _is_recent(anomalies, "leaving", now):
        found.append(problem("leaving-stranger", name, peer=text_of(anomalies["leaving"][0])))
    for kind, code in _STRANGE:
        if _is_recent(anomalies, kind, now) and code not in [each["code"] for each in found]:
            found.append(problem(code, name, peer=text_of(anomalies[kind][0])))
    if router.auth is not None:
        from haven.havend import auth_report

        found.extend(auth_report.problems(name, router.auth, now))
    for reason in sorted(router.drops):
        if _is_recent(router.drops, reason, now):
            found.append(problem("dropped-" + reason, name, peer=text_of(router.drops[reason][0])))
    return found


def _is_recent(noted: "dict[str, tuple[bytes, int]]", kind: str, now: int) -> bool:
    return kind in noted and now - noted[kind][1] < RECENT


def of_sockets(group: "Group", sockets: "VrrpSockets", now: int) -> "list[Problem]":
    """Return which virtual routers of a group cannot send, and which cannot hear."""
    found = []
    for member in group.members:
        spec = member.spec
        if sockets.is_flooded(spec.device, spec.family, now):
            found.append(problem("flooded", spec.name, device=spec.device))
        error = sockets.send_errors.get(spec.name)
        if member.is_mute:
            found.append(problem("link-mute", spec.name, device=spec.device, error=error or "-"))
        elif group.state == states.ACTIVE and error is not None:
            found.append(problem("send-failed", spec.name, error=error))
        if (spec.device, spec.family) in sockets.receive_errors:
            error = sockets.receive_errors[(spec.device, spec.family)]
            found.append(problem("receive-failed", spec.name, error=error))
    return found


def of_failures(failures: "dict[str, list[StepFailure]]") -> "list[Problem]":
    """Return the steps of takeover or release that failed."""
    return [of_failure(name, each) for name in sorted(failures) for each in failures[name]]


def of_failure(name: str, failure: "StepFailure") -> "Problem":
    """Return a step of a virtual router's that failed."""
    return problem("step-failed", name, step=failure.step.as_message(), error=failure.error)


def of_refusal(diagnostics: "Sequence[dict[str, Any]]", at_start: bool) -> "list[Problem]":
    """Return what was wrong with a configuration that was refused; `at_start`, so that none is in force."""
    code = "start-refused" if at_start else "reload-refused"
    return [problem(code, "configuration", diagnostic=each) for each in diagnostics]


def of_warnings(warnings: "Sequence[dict[str, Any]]") -> "list[Problem]":
    """Return what this machine has not, by the plan's warnings: a link's address, a part of its kernel."""
    found = [each["facts"] for each in warnings if each["code"] == "conntrack-unplaced"]
    lacks = [each for each in warnings if each["code"] in LACKS]
    return [problem("conntrack-unplaced", "conntrack", **facts) for facts in found] + [
        problem("kernel-lacks", each["section_name"] or "kernel", diagnostic=each) for each in lacks
    ]
