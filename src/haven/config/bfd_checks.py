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
    users = _users(routers)
    for values in routers:
        for item in values.items("bfd"):
            if item.value not in names and not values.is_full():
                facts: dict[str, Any] = {"name": item.value, **suggestion(item.value, names)}
                values.complain("bfd-missing", "bfd", item.line, **facts)
    are_sure = all(each.sure("bfd") for each in routers)
    for values in sessions:
        _check_session(values, users.get(values.section.name, []))
        if values.section.name not in users and are_sure:
            values.caution("bfd-unused")
    _check_peers(sessions, users)
    _warn_of_groups(routers, groups)


def _users(routers: list[SectionValues]) -> dict[str, list[SectionValues]]:
    """Return the virtual routers that name each session."""
    users: dict[str, list[SectionValues]] = {}
    for values in routers:
        for name in dict.fromkeys(values.all("bfd")):
            users.setdefault(name, []).append(values)
    return users


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


def _check_peers(sessions: list[SectionValues], users: dict[str, list[SectionValues]]) -> None:
    """Complain of two sessions with one router on one link."""
    seen: dict[tuple[str, bytes], SectionValues] = {}
    for values in sessions:
        address = values.one("address")
        named_by = users.get(values.section.name)
        if address is None or not named_by:
            continue
        first = seen.setdefault((_place(named_by[0]), address), values)
        if first is not values:
            values.complain("bfd-twice", "address", other=first.section.label)


def _warn_of_groups(routers: list[SectionValues], groups: list[SectionValues]) -> None:
    watched = {each.one("group") for each in routers if each.items("bfd")}
    for values in groups:
        if values.section.name in watched and (values.given("witness") or values.given("majority")):
            values.caution("bfd-witness")
    names = {values.section.name for values in groups}
    for each in routers:
        group = each.one("group")
        if group in watched and group in names and not each.items("bfd"):
            each.caution("bfd-partly", group=group)


def _place(values: SectionValues) -> str:
    return values.one("interface") or values.one("device") or ""
