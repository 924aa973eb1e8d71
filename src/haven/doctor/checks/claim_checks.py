# SPDX-License-Identifier: GPL-2.0-or-later
"""Who has the routers' addresses: on the links, and in what DHCP gives away."""

from ipaddress import IPv4Address

from haven.doctor.case import Case, Seen


def claims(case: Case) -> None:
    """Look at who has answered for virtual and own addresses."""
    ours = case.macs()
    case.need_others()
    for router in case.having("arp"):
        own = {text for device in router.part("plan").get("own_addresses", {}).values() for text in device}
        virtual = _virtual(router)
        for device, address, macs, answered in router.part("arp")["answers"]:
            if address in virtual:
                _judge_virtual(case, router, device, address, set(macs) - ours, answered)
            elif address in own:
                for mac in sorted(set(macs) - router.macs()):
                    case.find("own-claimed", mac=mac, device=device, address=address, node=router.node)
    for router in case.having("kernel"):
        _judge_held(case, router)


def _virtual(router: Seen) -> dict[str, str]:
    """Return the group of each virtual address."""
    return {text.partition("/")[0]: each["group"] for each in router.routers for text in each["addresses"]}


def _judge_virtual(
    case: Case, router: Seen, device: str, address: str, strange: set[str], answered: bool
) -> None:
    group = _virtual(router)[address]
    if case.knows_all("plan", "kernel"):
        for mac in sorted(strange):
            case.find("claimed", mac=mac, device=device, address=address)
    is_standby = not router.is_active(group) and bool(router.part("status"))
    if is_standby and not answered and any(each.is_active(group) for each in case.routers):
        case.find("unanswered", address=address, device=device, node=router.node)


def _judge_held(case: Case, router: Seen) -> None:
    if not router.part("status"):
        return
    for address, group in _virtual(router).items():
        for name, device in router.part("kernel")["devices"].items():
            if address in device["permanent"] and not router.is_active(group):
                case.find("answered-by-standby", node=router.node, address=address, device=name)


def dhcp(case: Case) -> None:
    """Look whether DHCP could give an address of the routers away."""
    taken: set[str] = set()
    for router in case.routers:
        taken.update(_virtual(router))
        for device in {each["device"] for each in router.routers}:
            taken.update(router.own_addresses(device))
    for router in case.having("files"):
        given = router.part("files")["dhcp"]
        if given is None:
            case.cannot("no-dhcp", node=router.node)
            continue
        for address in sorted(text for text in taken if ":" not in text):
            _judge_given(case, router, given, address)


def _judge_given(case: Case, router: Seen, given: dict[str, list[list[str]]], address: str) -> None:
    facts = {"node": router.node, "address": address}
    for interface, first, last in given["pools"]:
        if IPv4Address(first) <= IPv4Address(address) <= IPv4Address(last):
            case.find("in-pool", interface=interface, first=first, last=last, **facts)
    for lease, client in given["hosts"]:
        if lease == address:
            case.find("static-lease", client=client, **facts)
