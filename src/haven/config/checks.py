# SPDX-License-Identifier: GPL-2.0-or-later
"""Sections to the checked model, or to all of their problems at once."""

from collections.abc import Iterable

from haven.config.diagnostic import Diagnostic, suggest
from haven.config.model import (
    ConntrackdSizes,
    ConntrackSettings,
    DhcpSettings,
    GroupSettings,
    Model,
    NodeSettings,
)
from haven.config.options import GROUP, HAVEN, SECTIONS, section_type
from haven.config.section_values import Diagnostics, SectionValues, read
from haven.config.uci.document import UciSection
from haven.config.virtual_router_checks import check_router, family_of, make_router
from haven.core.vrrp.constants import is_link_local

SIZES = ("hash_size", "hash_limit", "netlink_buffer", "socket_buffer")


def check(sections: Iterable[UciSection], file: str, host_name: str) -> tuple[Model | None, list[Diagnostic]]:
    """Check sections as a whole; the model comes only without a problem."""
    written = tuple(sections)
    complaints = Diagnostics(file)
    known = [values for section in written if (values := _read_known(section, complaints))]
    _check_names(written, complaints)
    _check_single(known)
    routers = _of_type(known, "virtual_router")
    for values in routers:
        check_router(values)
    _check_groups(_of_type(known, "group"), routers)
    _check_same_id(routers)
    _check_shared_addresses(routers)
    for values in _of_type(known, "conntrack"):
        _check_conntrack(values)
    _check_dhcp(_of_type(known, "dhcp"), routers)
    _check_something_to_do(_of_type(known, "haven"), written)
    problems = sorted(complaints.problems, key=lambda problem: problem.line)
    return (None if problems else _make_model(known, written, host_name)), problems


def _of_type(known: list[SectionValues], name: str) -> list[SectionValues]:
    return [values for values in known if values.type.name == name]


def _read_known(section: UciSection, complaints: Diagnostics) -> SectionValues | None:
    type = section_type(section.type)
    if type is None:
        names = [each.name for each in SECTIONS]
        hint = suggest(section.type, names)
        complaints.add(section, f"the section type '{section.type}' is not known{hint}")
        return None
    if type.named and not section.name:
        complaints.add(section, f"needs a name: config {type.name} 'NAME'")
    return read(section, type, complaints)


def _check_names(sections: tuple[UciSection, ...], complaints: Diagnostics) -> None:
    seen: dict[str, UciSection] = {}
    for section in sections:
        if not section.name:
            continue
        first = seen.setdefault(section.name, section)
        if first is not section:
            message = f"the name '{section.name}' is taken by {first.label} on line {first.line}"
            complaints.add(section, message)


def _check_single(known: list[SectionValues]) -> None:
    for type in SECTIONS:
        for values in _of_type(known, type.name)[1:]:
            if type.single:
                values.complain(f"there is a '{type.name}' section already; keep one of them")


def _check_groups(groups: list[SectionValues], routers: list[SectionValues]) -> None:
    names = [values.section.name for values in groups]
    for values in routers:
        name = values.one("group")
        if name and name not in names:
            values.complain(f"there is no group '{name}'{suggest(name, names)}", "group")
    used = [values.one("group") for values in routers]
    if any(name and name not in names for name in used) or not all(each.sure("group") for each in routers):
        # The missing member is likely the one whose group was misspelt: one mistake, one message.
        return
    for values in groups:
        if values.section.name and values.section.name not in used:
            values.complain(f"no virtual_router has option group '{values.section.name}'")


def _place(values: SectionValues) -> tuple[str, str] | None:
    """Give what a virtual router stands on, if that is clear."""
    given = [name for name in values.type.one_of if values.items(name)]
    return (given[0], values.one(given[0])) if len(given) == 1 else None


def _check_same_id(routers: list[SectionValues]) -> None:
    seen: dict[tuple[object, ...], SectionValues] = {}
    for values in routers:
        place, vrid, family = _place(values), values.one("vrid"), family_of(values)
        if not (place and vrid and family):
            continue
        first = seen.setdefault((place, vrid, family), values)
        if first is not values:
            where = f"IPv{family} on {place[0]} '{place[1]}'"
            values.complain(f"{vrid} is already used by {first.section.label} for {where}", "vrid")


def _check_shared_addresses(routers: list[SectionValues]) -> None:
    seen: dict[tuple[object, ...], SectionValues] = {}
    for values in routers:
        for item in values.items("address"):
            octets = item.value[0]
            # A link-local address means something on its own device only.
            place = _place(values) if is_link_local(octets) else None
            first = seen.setdefault((octets, place), values)
            if first is not values:
                values.complain(f"'{item.text}' is also held by {first.section.label}", "address", item.line)


def _check_conntrack(values: SectionValues) -> None:
    own = values.one("address")
    for item in values.items("peer_address"):
        if own and len(item.value) != len(own):
            message = f"'{item.text}' and option address are not of one family, IPv4 or IPv6"
            values.complain(message, "peer_address", item.line)
        if item.value == own:
            values.complain(f"'{item.text}' is the address of this router", "peer_address", item.line)


def _check_dhcp(dhcps: list[SectionValues], routers: list[SectionValues]) -> None:
    seen: dict[str, SectionValues] = {}
    for values in dhcps:
        interface = values.one("interface")
        if not interface:
            continue
        first = seen.setdefault(interface, values)
        if first is not values:
            values.complain(f"'{interface}' has {first.section.label} already", "interface")
        if len(_meant(values, routers)) != 1 and values.sure("virtual_router"):
            values.complain(_nobody_meant(values, routers), "virtual_router")


def _meant(values: SectionValues, routers: list[SectionValues]) -> list[SectionValues]:
    """Give the virtual routers that a dhcp section can mean."""
    name = values.one("virtual_router")
    candidates = [router for router in routers if family_of(router) == 4]
    if name:
        return [router for router in candidates if router.section.name == name]
    return [router for router in candidates if router.one("interface") == values.one("interface")]


def _nobody_meant(values: SectionValues, routers: list[SectionValues]) -> str:
    name, interface = values.one("virtual_router"), values.one("interface")
    if not name:
        count = "several IPv4 virtual routers are" if _meant(values, routers) else "no IPv4 virtual router is"
        return f"is needed: {count} on interface '{interface}'"
    if any(router.section.name == name for router in routers):
        return f"'{name}' has no IPv4 address, and DHCP is about IPv4"
    return f"there is no virtual_router '{name}'{suggest(name, [each.section.name for each in routers])}"


def _check_something_to_do(mains: list[SectionValues], written: tuple[UciSection, ...]) -> None:
    if any(section.type == "virtual_router" for section in written):
        return
    for values in mains:
        if values.one("enabled"):
            values.complain("haven is enabled, but there is no virtual_router section")


def _make_model(known: list[SectionValues], written: tuple[UciSection, ...], host_name: str) -> Model:
    mains = _of_type(known, "haven") or [read(UciSection("haven"), HAVEN, Diagnostics(""))]
    routers = tuple(make_router(values) for values in _of_type(known, "virtual_router"))
    groups = [_make_group(values) for values in _of_type(known, "group")]
    named = {group.name for group in groups}
    for name in [router.group for router in routers if router.group not in named]:
        groups.append(_make_group(read(UciSection("group", name), GROUP, Diagnostics(""))))
    conntracks = [_make_conntrack(values) for values in _of_type(known, "conntrack")]
    return Model(
        main=_make_main(mains[0], host_name),
        groups=tuple(groups),
        virtual_routers=routers,
        conntrack=conntracks[0] if conntracks else None,
        dhcps=tuple(_make_dhcp(values, known) for values in _of_type(known, "dhcp")),
        sections=written,
    )


def _make_main(values: SectionValues, host_name: str) -> NodeSettings:
    node = values.one("node") or host_name
    return NodeSettings(values.one("enabled"), node, values.one("realtime"), values.all("keep"))


def _make_group(values: SectionValues) -> GroupSettings:
    delay_us = values.one("preempt_delay") * 1_000_000
    return GroupSettings(values.section.name, values.one("preempt"), delay_us)


def _make_conntrack(values: SectionValues) -> ConntrackSettings:
    return ConntrackSettings(
        enabled=values.one("enabled"),
        interface=values.one("interface"),
        device=values.one("device"),
        address=values.one("address"),
        peers=values.all("peer_address"),
        port=values.one("port"),
        renew_us=values.one("renew") * 1_000_000,
        wait_us=values.one("wait") * 1_000_000,
        guard=values.one("guard"),
        sizes=ConntrackdSizes(*(values.one(name) for name in SIZES)),
    )


def _make_dhcp(values: SectionValues, known: list[SectionValues]) -> DhcpSettings:
    router = make_router(_meant(values, _of_type(known, "virtual_router"))[0])
    return DhcpSettings(
        values.one("interface"), router.addresses[0].octets, values.all("dhcp_option") or (3, 6)
    )
