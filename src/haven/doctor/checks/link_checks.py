# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether VRRP gets through between the routers: on the wire, into them, unchanged, and from whom."""

from typing import Any

from haven.core.vrrp.constants import TTL
from haven.doctor.case import Case, Seen
from haven.doctor.trial_frames import AS_BROADCAST, FOREIGN_MAC, MULTICAST

Link = dict[str, Any]
# Fewer are heard when the other's time to send was short; one is by luck.
ENOUGH = 2
BRIDGED = (("bridge4", "bridge-nf-call-iptables"), ("bridge6", "bridge-nf-call-ip6tables"))


def adverts(case: Case) -> None:
    """Compare what each has sent with what the others have heard."""
    for here, there in case.pairs("wire"):
        for link, sender in _links(here, there):
            rows = _heard(link, there, sender["device"])
            if not _count(rows, MULTICAST):
                _name_silence(case, here, there, link, sender)
            for row in rows:
                if row["ttl"] < TTL:
                    facts = {"peer": there.node, "node": here.node, "device": link["device"]}
                    case.find("ttl-low", ttl=row["ttl"], **facts)
    for router in case.having("wire"):
        for device, _family, error in router.part("wire").get("silent", ()):
            case.cannot("no-socket", node=router.node, device=device, error=error)


def _name_silence(case: Case, here: Seen, there: Seen, link: Link, sender: Link) -> None:
    facts = {"peer": there.node, "node": here.node, "device": link["device"]}
    if not sender["sent"]:
        return
    if _count(_heard(link, there, sender["device"]), AS_BROADCAST):
        case.find("multicast-filtered", **facts)
    elif _count(_heard(sender, here, link["device"]), MULTICAST, AS_BROADCAST):
        case.find("link-one-way", **facts)
    elif here.node < there.node:
        case.find("link-cut", **facts)


def firewall(case: Case) -> None:
    """Look whether what is on the wire comes through the firewall."""
    for here, there in case.pairs("wire"):
        passed = {(device, source) for device, source, mark in _passed(here) if mark == MULTICAST}
        for link, sender in _links(here, there):
            heard = [row for row in _heard(link, there, sender["device"]) if row["trial"] == MULTICAST]
            shut_out = [row for row in heard if (link["device"], row["source"]) not in passed]
            if any(row["count"] >= ENOUGH and row["ttl"] == TTL for row in shut_out):
                case.find("firewall-drops", peer=there.node, node=here.node, device=link["device"])


def foreign_mac(case: Case) -> None:
    """Look whether frames with a virtual MAC address arrive where they are used."""
    for here, there in case.pairs("wire"):
        for link, sender in _links(here, there):
            rows = _heard(link, there, sender["device"])
            if sender["foreign"] and _count(rows, MULTICAST) >= ENOUGH and not _count(rows, FOREIGN_MAC):
                case.find("mac-filtered", peer=there.node, node=here.node, device=link["device"])
    for router in case.having("kernel"):
        settings = router.part("kernel")["settings"]
        for name, setting in BRIDGED:
            if settings.get(name) == "1" and any(_is_bridged(router, each) for each in router.routers):
                case.find("bridge-filtered", node=router.node, setting=setting)


def _is_bridged(router: Seen, each: dict[str, Any]) -> bool:
    """Tell whether a virtual router has a virtual MAC on a bridge."""
    return bool(each.get("virtual_mac")) and "multicast_snooping" in router.device(each["device"])


def strangers(case: Case) -> None:
    """Look for ADVERTISEMENTs of a virtual router of ours from somebody else."""
    case.need_others()
    known = {text for router in case.routers for texts in _own(router).values() for text in texts}
    for router in case.routers:
        known |= {text.partition("/")[0] for each in router.routers for text in each["addresses"]}
    for router in case.having("wire") if case.knows_all("plan") else []:
        for link in router.part("wire")["links"]:
            ours = {each["vrid"] for each in router.routers if _is_on(each, link)}
            for row in link["rows"]:
                is_ours = row["out"] or row["trial"] or row["source"] in known
                if row["vrid"] in ours and not is_ours:
                    facts = {"address": row["source"], "mac": row["mac"], "vrid": row["vrid"]}
                    case.find("vrid-stranger", device=link["device"], **facts)


def _own(router: Seen) -> dict[str, list[str]]:
    found: dict[str, list[str]] = router.part("plan").get("own_addresses", {})
    return found


def _is_on(router: dict[str, Any], link: Link) -> bool:
    return bool(router["device"] == link["device"] and router["family"] == link["family"])


def _links(here: Seen, there: Seen) -> list[tuple[Link, Link]]:
    """Return each link of a router's with the one of another on which the same virtual router is."""
    found: list[tuple[Link, Link]] = []
    for link in here.part("wire").get("links", ()):
        for router in here.routers:
            other = there.router(router) if _is_on(router, link) else None
            for sender in there.part("wire").get("links", ()) if other else ():
                if other and _is_on(other, sender) and (link, sender) not in found:
                    found.append((link, sender))
    return found


def _heard(link: Link, sender: Seen, device: str) -> list[dict[str, Any]]:
    """Return what was heard of a router's own addresses."""
    own = sender.own_addresses(device)
    return [row for row in link["rows"] if row["source"] in own and not row["out"] and not row["wrong"]]


def _count(rows: list[dict[str, Any]], *marks: int) -> int:
    return sum(row["count"] for row in rows if row["trial"] in marks)


def _passed(router: Seen) -> list[tuple[str, str, int]]:
    links = router.part("wire").get("links", ())
    return [(link["device"], source, mark) for link in links for source, mark in link["passed"]]
