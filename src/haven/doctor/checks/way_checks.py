# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether each router could carry everything: the source address, the route, and who is behind it."""

from typing import Any

from haven.doctor.case import Case, Seen

FORWARDING = {4: ("forward4", "net.ipv4.ip_forward"), 6: ("forward6", "net.ipv6.conf.all.forwarding")}


def nat(case: Case) -> None:
    """Look which address connections leave from by the links with a default route."""
    outer = _ways(case)
    if not outer:
        case.cannot("no-wan")
        return
    seen = case.having("rules")
    for router in seen:
        virtual = _virtual_on(router)
        for network, device, word, address in router.part("rules")["verdicts"]:
            if device not in outer or device not in virtual:
                continue
            facts = {"node": router.node, "network": network, "device": device}
            facts["address"] = virtual[device][0]
            if word == "masquerade":
                case.find("masquerade", **facts)
            elif word == "snat" and address not in virtual[device]:
                case.find("snat-own", found=address, **facts)
            elif word == "none":
                _name_other(case, seen, router, facts)


def _name_other(case: Case, seen: list[Seen], router: Seen, facts: dict[str, Any]) -> None:
    for other in seen:
        for network, device, word, address in other.part("rules")["verdicts"]:
            if (network, device, word) == (facts["network"], facts["device"], "snat"):
                case.find("snat-missing", peer=other.node, **{**facts, "address": address})


def _ways(case: Case) -> set[str]:
    """Return the devices of virtual routers that a default route leaves by, on any router."""
    found = {device for router in case.routers for device, _gateway in _routes(router)}
    return found & {each["device"] for router in case.routers for each in router.routers}


def _routes(router: Seen) -> list[list[str]]:
    return list(router.part("kernel").get("routes", ()))


def _virtual_on(router: Seen) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in router.routers:
        if each["family"] == 4:
            bare = [text.partition("/")[0] for text in each["addresses"]]
            found.setdefault(each["device"], []).extend(bare)
    return found


def ways_out(case: Case) -> None:
    """Look at the default routes, the next routers and forwarding."""
    case.need_others()
    outer = _ways(case)
    seen = case.having("kernel")
    if not outer:
        case.cannot("no-wan")
    for router in seen:
        _judge_route(case, seen, router, outer)
        _judge_forwarding(case, router)
        _judge_upstream(case, router)


def _judge_route(case: Case, seen: list[Seen], router: Seen, outer: set[str]) -> None:
    routes = [row for row in _routes(router) if row[0] in outer]
    plan = router.part("plan")
    if not _routes(router) and not plan.get("default_routes") and not plan.get("dials"):
        for other in seen:
            for device, _gateway in _routes(other)[:1] if other is not router and outer else []:
                case.find("no-route", node=router.node, peer=other.node, device=device)
    said = router.part("arp").get("answers", ())
    answers = {(device, address): macs for device, address, macs, _answered in said}
    for device, gateway in routes:
        if answers.get((device, gateway)) == []:
            case.find("gateway-silent", node=router.node, gateway=gateway, device=device)


def _judge_forwarding(case: Case, router: Seen) -> None:
    for family in sorted({each["family"] for each in router.routers}):
        name, setting = FORWARDING[family]
        if router.part("kernel")["settings"].get(name) == "0":
            case.find("forwarding-off", node=router.node, family=family, setting=setting)


def _judge_upstream(case: Case, router: Seen) -> None:
    for device, gateway, address, own_ttl, ttl in router.part("upstream").get("rows", ()):
        if own_ttl and ttl is not None and ttl < own_ttl:
            facts = {"gateway": gateway, "device": device, "address": address}
            case.find("upstream-stale", node=router.node, **facts)
