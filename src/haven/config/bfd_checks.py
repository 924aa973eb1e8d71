# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of bfd sections, and of the virtual routers that name them."""

from typing import Any

from haven.config.section_values import SectionValues
from haven.config.spelling import suggestion
from haven.config.virtual_router_checks import family_of
from haven.core.vrrp.constants import is_link_local


def check_bfd(
    sessions: list[SectionValues], routers: list[SectionValues], groups: list[SectionValues]
) -> None:
    """Complain of sessions that cannot be meant so, and of names that nobody has."""
    names = {values.section.name: values for values in sessions}
    used = set()
    for values in routers:
        for item in values.items("bfd"):
            used.add(item.value)
            if item.value not in names and not values.is_full():
                facts: dict[str, Any] = {"name": item.value, **suggestion(item.value, names)}
                values.complain("bfd-missing", "bfd", item.line, **facts)
    for values in sessions:
        users = [each for each in routers if each.has("bfd", values.section.name)]
        _check_session(values, users)
        if not users and values.section.name not in used and all(each.sure("bfd") for each in routers):
            values.caution("bfd-unused")
    _check_peers(sessions, routers)
    _warn_of_groups(routers, groups)


def _check_session(values: SectionValues, users: list[SectionValues]) -> None:
    address = values.one("address")
    places = {_place(each) for each in users if each.sure("interface", "device")}
    if len(places) > 1:
        values.complain("bfd-links", names=sorted(places))
    if address is None:
        return
    family = 4 if len(address) == 4 else 6
    for router in users:
        facts: dict[str, Any] = {"router": router.section.name}
        if family_of(router) not in (None, family):
            values.complain("bfd-family", "address", family="IPv%d" % family, **facts)
        elif any(each.octets == address for each in router.all("address")):
            values.complain("bfd-virtual", "address", **facts)
        elif family == 6 and not is_link_local(address) and not router.given("source_address"):
            values.complain("bfd-not-link-local", "address", **facts)


def _check_peers(sessions: list[SectionValues], routers: list[SectionValues]) -> None:
    """Complain of two sessions with one router on one link."""
    seen: dict[tuple[str, bytes], SectionValues] = {}
    for values in sessions:
        address = values.one("address")
        users = [each for each in routers if each.has("bfd", values.section.name)]
        if address is None or not users:
            continue
        first = seen.setdefault((_place(users[0]), address), values)
        if first is not values:
            values.complain("bfd-twice", "address", other=first.section.label)


def _warn_of_groups(routers: list[SectionValues], groups: list[SectionValues]) -> None:
    for values in groups:
        members = [each for each in routers if each.one("group") == values.section.name]
        watching = [each for each in members if each.items("bfd")]
        if not watching:
            continue
        if values.given("witness") or values.given("majority"):
            values.caution("bfd-witness")
        for each in members:
            if each not in watching:
                each.caution("bfd-partly", group=values.section.name)


def _place(values: SectionValues) -> str:
    return values.one("interface") or values.one("device") or ""
