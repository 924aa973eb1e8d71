# SPDX-License-Identifier: GPL-2.0-or-later
"""The status document, version 1 (docs/design.md): asked of the living process, never of a file.

New keys do not change the version; none is taken away. What may be missing (`optional`) was not told by the
first release, or is not always known; what may be null (`nullable`) is always there. `leaving` and
`preempt_wait_ms` are the first names of `handover` and `sync_wait_ms`.
"""

from haven.contract.check_documents import GROUP_CHECK, REPORTED_CHECK, TRACKING
from haven.contract.control import REQUESTS
from haven.contract.counted_transitions import COUNTED, check_counted
from haven.contract.fields import (
    DocumentError,
    Field,
    anything,
    check_object,
    check_objects,
    flag,
    keys_of,
    list_of,
    mapping,
    number,
    one_of,
    text,
    whole,
)
from haven.contract.freshness import VERSION
from haven.contract.heard_links import LINK
from haven.contract.message import STATE_NAMES
from haven.contract.notices import check_account as check_notify
from haven.contract.openvpn import check_account as check_openvpn
from haven.contract.planned_bfd import TOLD_SESSION
from haven.contract.services import check_told as check_services
from haven.contract.severities import SEVERITIES
from haven.contract.small_nodes import SMALL_NODE
from haven.core.spec import CARP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Document = dict[str, Any]

_STATE = one_of(tuple(STATE_NAMES))

STATUS = (
    Field("version", one_of((VERSION,))),
    Field("node", text),
    Field("pid", whole()),
    Field("state", _STATE),
    Field("since", number),
    Field("uptime", number),
    # The time of day of this word, by the clock of its router.
    Field("at", number, optional=True),
    Field("virtual_routers", list_of(mapping)),
    Field("groups", list_of(mapping)),
    Field("plan", mapping),
    Field("problems", list_of(mapping)),
    # The parts of the agent; those of version 1 are there where there is nothing to report, too.
    Field("conntrack", mapping),
    Field("peers", list_of(mapping)),
    # What runs by role (contract/services.py), where anything does.
    Field("services", list_of(mapping), optional=True),
    # OpenVPN's servers and their clients (contract/openvpn.py), where there are any.
    Field("openvpn", mapping, optional=True),
    # Who is told what happens (contract/notices.py), and where the metrics are answered.
    Field("notify", mapping, optional=True),
    Field("metrics", mapping, optional=True),
    # The checks of hosts and scripts, where there are any.
    Field("tracking", mapping, optional=True),
    # The BFD sessions, where there are any.
    Field("bfd", list_of(mapping), optional=True),
    # The last drills, and the one that is under way (contract/drill_words.py).
    Field("drills", list_of(mapping), optional=True),
    Field("drill", mapping, optional=True),
    # ADVERTISEMENTs of the last hour on each link.
    Field("links", list_of(mapping), optional=True),
    # The nodes without a compiler that ask this one for their plans (contract/small_nodes.py).
    Field("small_nodes", list_of(mapping), optional=True),
    # What a takeover at this moment might lose (contract/at_risk.py).
    Field("at_risk", list_of(mapping), optional=True),
)

RISK = (Field("code", text), Field("facts", mapping), Field("text", text))

GROUP = (
    Field("name", text),
    Field("state", _STATE),
    Field("since", number),
    Field("members", list_of(text)),
    Field("preempt", flag),
    Field("maintenance", flag),
    Field("leaving", text, nullable=True),
    Field("handover", text, optional=True),
    Field("preempt_wait_ms", whole(), optional=True),
    Field("sync_wait_ms", whole(), optional=True),
    # How often it was lost of late by a fault and the like, and how long it therefore does not preempt.
    Field("losses", whole(), optional=True),
    Field("held_back_ms", whole(), optional=True),
    Field("priority_penalty", whole()),
    Field("checks", list_of(mapping), optional=True),
    Field("faults", list_of(text)),
    Field("last_transition", mapping, nullable=True),
    Field("witnesses", list_of(mapping), optional=True),
    Field("detection", mapping, nullable=True, optional=True),
) + COUNTED

# How soon a Backup would take over from an Active that dies now, and by what it would know on its last link;
# `ways` are where its kernel is asked.
DETECTION = (
    Field("by", one_of(("heartbeat", "bfd", "advertisements"))),
    Field("after_ms", number),
    Field("ways", list_of(mapping)),
)
WAY = (
    Field("device", text),
    Field("address", text),
    Field("asked", whole()),
    Field("lost", whole()),
    Field("believed", flag),
    Field("patience_ms", number),
    Field("years", whole()),
    # Answers that came from another machine than the one that is asked.
    Field("strange", whole(), optional=True),
)

# Of a witness: how long ago it answered last, and by what: arp, neighbour (solicitation) or echo.
WITNESS = (
    Field("address", text),
    Field("device", text),
    Field("answered_ms", whole(), nullable=True),
    Field("by", text, nullable=True),
)

# Of a virtual router with keys: the ids, how many words were good, and how many were let in that were not.
AUTHENTICATION = (
    Field("mode", text),
    Field("replay", text),
    Field("key_id", whole(1)),
    Field("key_ids", list_of(whole(1))),
    Field("heard_key_id", whole(1), nullable=True),
    Field("verified", whole()),
    Field("lenient", whole()),
    # Why the last of those would be dropped.
    Field("lenient_reason", text, nullable=True),
)

VIRTUAL_ROUTER = (
    Field("name", text),
    Field("group", text),
    Field("device", text),
    Field("interface", text, nullable=True),
    Field("vrid", whole()),
    Field("family", whole()),
    Field("version", whole()),
    # Where it is not VRRP; `version` is then that of CARP, and priorities stand for advskews.
    Field("protocol", one_of((CARP,)), optional=True),
    Field("state", _STATE),
    Field("since", number),
    Field("priority", whole()),
    Field("configured_priority", whole()),
    Field("interval_ms", whole()),
    Field("addresses", list_of(text)),
    Field("address_held", flag),
    Field("active", mapping),
    Field("counters", mapping),
    Field("last_transition", mapping, nullable=True),
    Field("faults", list_of(text)),
    # Of one that sends router advertisements.
    Field("router_advert", mapping, optional=True),
    # What is signed and checked, where there is a key.
    Field("authentication", mapping, optional=True),
)

ROUTER_ADVERT = (
    Field("advertising", flag),
    Field("source", text),
    Field("lifetime_s", whole()),
    Field("prefixes", list_of(text)),
    # Without a way out: when hosts are told of no router, unless one comes.
    Field("ends_ms", whole(), nullable=True, optional=True),
    Field("sent", whole()),
    Field("answered", whole()),
    Field("next_ms", whole(), nullable=True),
)

# Of a virtual router: who is Active. `fresh` says that it was heard lately enough to still be.
ACTIVE = (
    Field("address", text, nullable=True),
    Field("priority", whole(), nullable=True),
    Field("seen_ms", whole(), nullable=True),
    Field("self", flag),
    Field("fresh", flag, optional=True),
)

TRANSITION = (
    Field("from", _STATE),
    Field("to", _STATE),
    Field("reason", text),
    Field("facts", mapping, optional=True),
    Field("text", text),
    Field("at", number),
)

PROBLEM = (
    Field("code", text),
    Field("severity", one_of(SEVERITIES), optional=True),
    Field("about", text),
    Field("facts", mapping, optional=True),
    Field("message", text),
    Field("do", anything),
)

# What another router's agent tells of it, and whether that was lately enough to be true.
PEER = (
    Field("address", text),
    Field("heard_ms", whole(), nullable=True),
    Field("fresh", flag, optional=True),
    Field("node", text, optional=True),
    Field("state", text, optional=True),
    Field("entries", whole(), optional=True),
    Field("limit", whole(), optional=True),
    Field("in_sync", flag, optional=True),
    Field("timeout_name", text, optional=True),
    Field("timeout_s", whole(), optional=True),
)

# The copy of connections; an empty object where there is none. From `injected` on they are conntrackd's own.
CONNTRACK = (
    Field("state", text),
    Field("device", text),
    Field("peers", list_of(text)),
    Field("in_sync", flag),
    Field("entries", whole(), nullable=True),
    Field("limit", whole(), nullable=True),
    Field("heard_ms", whole(), nullable=True),
    Field("connected", flag, optional=True),
    Field("sync_left_ms", whole(), optional=True, nullable=True),
    Field("restarts", whole()),
    # How often everything is sent again, 0 for never, and the kernels' shortest timeout that it is made for.
    Field("renew_ms", whole(), optional=True),
    Field("timeout_name", text, optional=True),
    Field("timeout_node", text, optional=True),
    Field("timeout_s", whole(), optional=True),
    Field("injected", whole(), optional=True),
    Field("inject_failed", whole(), optional=True),
    Field("internal", whole(), optional=True),
    Field("received_packets", whole(), optional=True),
    Field("sent_packets", whole(), optional=True),
    Field("errors", whole(), optional=True),
    Field("malformed", whole(), optional=True),
    Field("lost", whole(), optional=True),
    # How often inject_failed and the three before this were counted in the last `for_s` seconds.
    Field("lately", mapping, optional=True),
)

LATELY = (
    Field("for_s", whole()),
    Field("inject_failed", whole(), optional=True),
    Field("errors", whole(), optional=True),
    Field("malformed", whole(), optional=True),
    Field("lost", whole(), optional=True),
)

# The leases of the DHCP server, where they are common: `alone` counts those that no other router had when the
# client got them, `waited_ms` is the median of the last that were held. None where nobody knows.
LEASES = (
    Field("known", whole()),
    # The interfaces on which this router's server answers.
    Field("serves", list_of(text)),
    Field("peers", list_of(mapping)),
    Field("holds", flag),
    Field("held", whole()),
    Field("late", whole()),
    Field("alone", whole()),
    Field("waited_ms", number, nullable=True),
    Field("longest_ms", number, nullable=True),
)

LEASES_PEER = (Field("node", text), Field("known", whole(), nullable=True), Field("in_sync", flag))

# What the agent tells of its parts, in each release.
REPORT = (
    Field("conntrack", mapping, optional=True),
    Field("peers", list_of(mapping), optional=True),
    Field("services", list_of(mapping), optional=True),
    Field("tracking", mapping, optional=True),
    Field("leases", mapping, optional=True),
    Field("openvpn", mapping, optional=True),
    Field("notify", mapping, optional=True),
    Field("metrics", mapping, optional=True),
    Field("drills", list_of(mapping), optional=True),
    Field("drill", mapping, optional=True),
    # ADVERTISEMENTs of the last hour on each link.
    Field("links", list_of(mapping), optional=True),
    Field("small_nodes", list_of(mapping), optional=True),
)


def check_report(document: "Document") -> "Document":
    """Return a report of the agent's that a status can be made of. Raises DocumentError."""
    _check_told(document, "report")
    check_problems(document["problems"], "report: problems")
    return document


def check_account(document: "Document") -> "Document":
    """Return what a part of the agent has for the status, by keys of its own. Raises DocumentError."""
    for key in keys_of(STATUS) + keys_of(REQUESTS["report"]) + ("command",):
        if key in document and key not in keys_of(REPORT):
            raise DocumentError("account: %s is not a part's own" % key)
    _check_told(document, "account")
    return document


def check_problems(documents: "list[Any]", where: str) -> "list[Any]":
    """Return problems. Raises DocumentError, which begins with `where`."""
    check_objects(documents, PROBLEM, where)
    return documents


def _check_told(document: "Document", where: str) -> None:
    check_object(document, REPORT, where)
    if document.get("conntrack"):
        check_object(document["conntrack"], CONNTRACK, "%s: conntrack" % where)
        lately = document["conntrack"].get("lately")
        if lately:
            check_object(lately, LATELY, "%s: conntrack: lately" % where)
    check_objects(document.get("peers") or (), PEER, "%s: peers" % where)
    check_objects(document.get("links") or (), LINK, "%s: links" % where)
    check_objects(document.get("small_nodes") or (), SMALL_NODE, "%s: small_nodes" % where)
    check_services(document.get("services") or [], "%s: services" % where)
    if document.get("tracking"):
        check_object(document["tracking"], TRACKING, "%s: tracking" % where)
        check_objects(document["tracking"]["checks"], REPORTED_CHECK, "%s: tracking: checks" % where)
    check_openvpn(document.get("openvpn"))
    check_notify(document.get("notify"))
    if document.get("leases"):
        check_object(document["leases"], LEASES, "%s: leases" % where)
        check_objects(document["leases"]["peers"], LEASES_PEER, "%s: leases: peers" % where)


def check_status(document: "Any") -> "Document":
    """Return a document that is a status, of this release or of another. Raises DocumentError."""
    check_object(document, STATUS, "the status")
    check_objects(document["groups"], GROUP, "groups")
    for index, group in enumerate(document["groups"]):
        check_counted(group)
        check_objects(group.get("checks") or (), GROUP_CHECK, "groups[%d]: checks" % index)
        check_objects(group.get("witnesses") or (), WITNESS, "groups: witnesses")
        if group.get("detection"):
            detection = check_object(group["detection"], DETECTION, "groups: detection")
            check_objects(detection["ways"], WAY, "groups: detection: ways")
    check_objects(document["virtual_routers"], VIRTUAL_ROUTER, "virtual_routers")
    for index, router in enumerate(document["virtual_routers"]):
        check_object(router["active"], ACTIVE, "virtual_routers[%d]: active" % index)
        if "authentication" in router:
            where = "virtual_routers[%d]: authentication" % index
            check_object(router["authentication"], AUTHENTICATION, where)
        if "router_advert" in router:
            check_object(router["router_advert"], ROUTER_ADVERT, "virtual_routers[%d]: router_advert" % index)
    check_objects(document.get("bfd") or (), TOLD_SESSION, "bfd")
    last = [each.get("last_transition") for each in document["groups"] + document["virtual_routers"]]
    check_objects([each for each in last if each], TRANSITION, "last_transition")
    check_objects(document["problems"], PROBLEM, "problems")
    check_objects(document.get("at_risk") or (), RISK, "at_risk")
    _check_told(document, "the status")
    return document  # type: ignore[no-any-return]


def is_status(document: "Any") -> bool:
    """Tell whether a document is a status that this release can read."""
    try:
        check_status(document)
    except DocumentError:
        return False
    return True
