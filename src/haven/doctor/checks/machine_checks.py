# SPDX-License-Identifier: GPL-2.0-or-later
"""The machines themselves: their clocks, room, devices."""

import time

from haven.doctor.case import Case, Seen

# Of a clock that was set: this haven did not exist before.
FIRST_YEAR = 2025
# What a question over the channel takes is known to about this.
MOST_OFF_S = 3.0
LEAST_FLASH_KB, LEAST_MEMORY_KB = 256, 6144
IPV4_HEADER, IPV6_HEADER, VRRP_HEADER = 20, 40, 8


def clock(case: Case) -> None:
    """Compare the clocks."""
    case.need_others()
    here = next(router for router in case.routers if router.here)
    for router in case.routers:
        year = time.gmtime(router.look["at"]).tm_year
        if year < FIRST_YEAR:
            case.find("clock-unset", node=router.node, year=year)
        elif router.clock_off_s is not None and abs(router.clock_off_s) > MOST_OFF_S:
            off_s = round(abs(router.clock_off_s))
            case.find("clocks-differ", node=router.node, peer=here.node, off_s=off_s)


def room(case: Case) -> None:
    """Look for room."""
    for router in case.having("kernel"):
        kernel = router.part("kernel")
        if kernel["flash"] and kernel["flash"][1] < LEAST_FLASH_KB:
            case.find("flash-full", node=router.node, path=kernel["flash"][0], free_kb=kernel["flash"][1])
        if kernel["memory_kb"] is not None and kernel["memory_kb"] < LEAST_MEMORY_KB:
            case.find("memory-low", node=router.node, free_kb=kernel["memory_kb"])


def links(case: Case) -> None:
    """Compare the devices."""
    for here, there in case.pairs("kernel"):
        if here.node < there.node:
            _compare_mtus(case, here, there)
    for router in case.having("kernel"):
        for each in router.routers:
            _judge_device(case, router, each)


def _compare_mtus(case: Case, here: Seen, there: Seen) -> None:
    places = [(each["device"], other["device"]) for each in here.routers if (other := there.router(each))]
    places.append((here.part("plan").get("copy_device", ""), there.part("plan").get("copy_device", "")))
    for mine, other in dict.fromkeys(places):
        first, second = here.device(mine).get("mtu"), there.device(other).get("mtu")
        if first and second and first != second:
            facts = {"node": here.node, "peer": there.node, "device": mine}
            case.find("mtu-differs", here=first, there=second, **facts)


def _judge_device(case: Case, router: Seen, each: "dict[str, object]") -> None:
    device, name, family = str(each["device"]), each["name"], each["family"]
    found = router.device(device)
    addresses = each["addresses"]
    assert isinstance(addresses, list)
    header = IPV6_HEADER if family == 6 else IPV4_HEADER
    octets = header + VRRP_HEADER + len(addresses) * (16 if family == 6 else 4)
    if found.get("mtu") and octets > found["mtu"]:
        facts = {"name": name, "octets": octets, "mtu": found["mtu"]}
        case.find("mtu-small", node=router.node, device=device, **facts)
    if family == 6 and (found.get("multicast_snooping"), found.get("multicast_querier")) == ("1", "0"):
        case.find("snooping", node=router.node, device=device, name=name)
