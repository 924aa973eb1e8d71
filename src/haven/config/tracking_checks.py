# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of track_host and track_script sections, and of who names them."""

from typing import Any

from haven.config.section_values import SectionValues
from haven.config.spelling import suggestion
from haven.contract.check_documents import ARP, DNS, NS, TCP

TYPES = ("track_host", "track_script")
# Of one family each: the kind, the length of its addresses, the family's name and the kind of the other.
_OF_FAMILY = {ARP: (4, "IPv4", NS), NS: (16, "IPv6", ARP)}


def check_tracking(
    checks: list[SectionValues], routers: list[SectionValues], groups: list[SectionValues]
) -> None:
    """Complain of sections that cannot be meant so, and of names that nobody has."""
    for values in checks:
        _check_pace(values)
        if values.type.name == "track_host":
            _check_host(values)
    used = _check_named(checks, [*routers, *groups])
    for values in checks:
        name = values.section.name
        if name and name not in used and all(each.sure(*TYPES) for each in [*routers, *groups]):
            values.caution("check-unused")
    _warn_of_idle_weights(checks, routers, groups)


def _check_pace(values: SectionValues) -> None:
    timeout, interval = values.one("timeout"), values.one("interval")
    if values.sure("timeout", "interval") and timeout > interval:
        option = "timeout" if values.given("timeout") else "interval"
        values.complain("check-timeout-long", option, timeout_ms=timeout, interval_ms=interval)


def _check_host(values: SectionValues) -> None:
    kind, address = values.one("kind"), values.one("address")
    length, family, other = _OF_FAMILY.get(kind, (0, "", ""))
    if address and length and len(address) != length:
        values.complain("check-kind-family", "kind", kind=kind, family=family, other=other)
    if kind == TCP and not values.given("port"):
        values.complain("check-port-needed", "port")
    if values.given("port") and values.sure("kind") and kind not in (TCP, DNS):
        values.complain("check-port-unused", "port", kind=kind)
    places = [name for name in ("interface", "device") if values.given(name)]
    if len(places) > 1:
        values.complain("option-needs-one-only", names=places)


def _check_named(checks: list[SectionValues], users: list[SectionValues]) -> set[str]:
    """Complain of names without a section; return all that are named."""
    used: set[str] = set()
    # In their order, which suggestions go by.
    named = {type: {each.section.name: 0 for each in checks if each.type.name == type} for type in TYPES}
    for values in users:
        for type, names in named.items():
            for item in values.items(type):
                used.add(item.value)
                if item.value not in names and not values.is_full():
                    facts: dict[str, Any] = {"name": item.value, **suggestion(item.value, names)}
                    values.complain("check-missing", type, item.line, type=type, **facts)
    return used


def _warn_of_idle_weights(
    checks: list[SectionValues], routers: list[SectionValues], groups: list[SectionValues]
) -> None:
    by_name = {values.section.name: values for values in groups}
    # Of each check the virtual routers that it counts for, by themselves or by their group.
    counted: dict[str, list[SectionValues]] = {}
    for router in routers:
        group = by_name.get(router.one("group") or router.section.name)
        for name in _named_by(router) | (_named_by(group) if group is not None else set()):
            counted.setdefault(name, []).append(router)
    for values in checks:
        weight = values.one("weight") if values.given("weight") and values.sure("weight") else 0
        for router in counted.get(values.section.name, ()) if weight else ():
            name = router.one("group") or router.section.name
            preempts = name in by_name and by_name[name].one("preempt")
            if not preempts and (router.one("priority") or 0) - weight > 1:
                values.caution("check-weight-idle", "weight", group=name)
                break


def _named_by(values: SectionValues) -> set[str]:
    return {name for type in TYPES for name in values.all(type)}
