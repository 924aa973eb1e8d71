# SPDX-License-Identifier: GPL-2.0-or-later
"""Sections to the checked model, or to all of their problems at once."""

from collections.abc import Iterable
from typing import Any

from haven.config.bfd_checks import check_bfd
from haven.config.carp_checks import check_together
from haven.config.lease_checks import check_serving
from haven.config.model import (
    BfdSettings,
    ConntrackSettings,
    DhcpSettings,
    GroupSettings,
    MetricsSettings,
    Model,
    NodeSettings,
    NotifySettings,
    SyncSettings,
    TrackHostSettings,
    TrackScriptSettings,
    VirtualRouterSettings,
    WanSettings,
    WireguardSettings,
)
from haven.config.options import GROUP, HAVEN, SECTIONS, section_type
from haven.config.role_interface_checks import check_role_interfaces
from haven.config.section_values import Diagnostics, SectionValues, read
from haven.config.service_checks import check_services, make_services
from haven.config.spelling import suggestion, visible
from haven.config.tracking_checks import TYPES, check_tracking
from haven.config.uci.document import UciSection
from haven.config.unplaced import without_unplaced
from haven.config.virtual_router_checks import check_router, family_of
from haven.config.witness_checks import check_witnesses
from haven.contract.diagnostics import Diagnostic
from haven.core.vrrp.constants import is_link_local

# Virtual routers by the option that means them, and its value.
Places = dict[tuple[str, str], list[SectionValues]]


def check(sections: Iterable[UciSection], file: str, host_name: str) -> tuple[Model | None, list[Diagnostic]]:
    """Check sections as a whole; the model comes only without a problem."""
    written = tuple(sections)
    diagnostics = Diagnostics(file)
    placed = without_unplaced(written, diagnostics)
    known = [values for section in placed if (values := _read_known(section, diagnostics))]
    _check_names(written, diagnostics)
    _check_single(known)
    routers = _of_type(known, "virtual_router")
    for values in routers:
        check_router(values)
    _check_groups(_of_type(known, "group"), routers)
    _check_same_id(routers)
    check_together(routers, _place)
    _check_shared_addresses(routers)
    check_tracking([each for each in known if each.type.name in TYPES], routers, _of_type(known, "group"))
    check_witnesses(_of_type(known, "group"), routers, _of_type(known, "conntrack"))
    check_bfd(_of_type(known, "bfd"), routers, _of_type(known, "group"))
    for values in _of_type(known, "conntrack"):
        _check_conntrack(values)
        _check_sync_place(values, routers)
    _check_dhcp(_of_type(known, "dhcp"), routers)
    by_role = _of_type(known, "wan") + _of_type(known, "wireguard")
    check_role_interfaces(by_role, _of_type(known, "service"), routers)
    check_services(_of_type(known, "service"), routers)
    _check_something_to_do(_of_type(known, "haven"), written)
    problems = sorted(diagnostics.problems, key=lambda problem: problem.line)
    if problems:
        return None, problems
    return _make_model(known, host_name, tuple(diagnostics.warnings)), []


def _of_type(known: list[SectionValues], name: str) -> list[SectionValues]:
    return [values for values in known if values.type.name == name]


def _read_known(section: UciSection, diagnostics: Diagnostics) -> SectionValues | None:
    type = section_type(section.type)
    if type is None:
        near = suggestion(section.type, [each.name for each in SECTIONS])
        diagnostics.add(section, "section-unknown", type=visible(section.type), **near)
        return None
    if type.named and not section.name:
        diagnostics.add(section, "section-unnamed", type=type.name)
    return read(section, type, diagnostics)


def _check_names(sections: tuple[UciSection, ...], diagnostics: Diagnostics) -> None:
    seen: dict[str, UciSection] = {}
    for section in sections:
        if not section.name:
            continue
        first = seen.setdefault(section.name, section)
        if first is not section:
            facts: dict[str, Any] = {"name": section.name, "other": first.label, "other_line": first.line}
            diagnostics.add(section, "name-taken", **facts)


def _check_single(known: list[SectionValues]) -> None:
    for type in SECTIONS:
        for values in _of_type(known, type.name)[1:]:
            if type.single:
                values.complain("section-single", type=type.name)


def _check_groups(groups: list[SectionValues], routers: list[SectionValues]) -> None:
    names = {values.section.name: values for values in groups}
    for values in routers:
        name = values.one("group")
        if name and name not in names and not values.is_full():
            values.complain("group-missing", "group", name=name, **suggestion(name, names))
    used = {values.one("group") for values in routers}
    if any(name and name not in names for name in used) or not all(each.sure("group") for each in routers):
        # The missing member is likely the one whose group was misspelt: one mistake, one message.
        return
    for values in groups:
        if values.section.name and values.section.name not in used:
            values.complain("group-empty", name=values.section.name)


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
            facts: dict[str, Any] = {"family": f"IPv{family}", "place": place[0], "name": place[1]}
            values.complain("vrid-used", "vrid", vrid=vrid, other=first.section.label, **facts)


def _check_shared_addresses(routers: list[SectionValues]) -> None:
    seen: dict[tuple[object, ...], SectionValues] = {}
    for values in routers:
        for item in values.items("address"):
            octets = item.value.octets
            # A link-local address means something on its own device only.
            place = _place(values) if is_link_local(octets) else None
            first = seen.setdefault((octets, place), values)
            if first is not values:
                facts = {"value": item.text, "other": first.section.label}
                values.complain("address-held", "address", item.line, **facts)


def _check_conntrack(values: SectionValues) -> None:
    own = values.one("address")
    for item in values.items("peer_address"):
        if own and len(item.value) != len(own):
            values.complain("peer-family", "peer_address", item.line, value=item.text)
        if item.value == own:
            values.complain("peer-is-own", "peer_address", item.line, value=item.text)
    count = len(values.items("peer_address"))
    if values.items("protect") and count > 1:
        values.complain("protect-several", "protect", count=count)


def _check_sync_place(values: SectionValues, routers: list[SectionValues]) -> None:
    place = _place(values)
    shared = next((each for each in routers if place and _place(each) == place), None)
    if place and shared and values.one("enabled") and not values.given("protect"):
        values.caution("sync-shared", place[0], name=place[1], other=shared.section.label)


def _check_dhcp(dhcps: list[SectionValues], routers: list[SectionValues]) -> None:
    seen: dict[str, SectionValues] = {}
    places = _places(routers)
    for values in dhcps:
        check_serving(values)
        interface = values.one("interface")
        if not interface:
            continue
        first = seen.setdefault(interface, values)
        if first is not values:
            values.complain("dhcp-taken", "interface", interface=interface, other=first.section.label)
        if len(_meant(values, places)) != 1 and values.sure("virtual_router") and not values.is_full():
            _complain_of_nobody_meant(values, routers, places)


def _places(routers: list[SectionValues]) -> Places:
    """Give the virtual routers of IPv4 by their names and by their interfaces."""
    found: Places = {}
    for router in [router for router in routers if family_of(router) == 4]:
        found.setdefault(("virtual_router", router.section.name), []).append(router)
        found.setdefault(("interface", router.one("interface")), []).append(router)
    return found


def _meant(values: SectionValues, places: Places) -> list[SectionValues]:
    """Give the virtual routers that a dhcp section can mean."""
    by = "virtual_router" if values.one("virtual_router") else "interface"
    return places.get((by, values.one(by)), [])


def _complain_of_nobody_meant(values: SectionValues, routers: list[SectionValues], places: Places) -> None:
    name, interface = values.one("virtual_router"), values.one("interface")
    names = [router.section.name for router in routers]
    if not name:
        code = "dhcp-several" if _meant(values, places) else "dhcp-none"
        values.complain(code, "virtual_router", interface=interface)
    elif name in names:
        values.complain("dhcp-not-ipv4", "virtual_router", name=name)
    else:
        values.complain("virtual-router-missing", "virtual_router", name=name, **suggestion(name, names))


def _check_something_to_do(mains: list[SectionValues], written: tuple[UciSection, ...]) -> None:
    if any(section.type == "virtual_router" for section in written):
        return
    for values in mains:
        if values.one("enabled"):
            values.complain("nothing-to-do")


def _make_model(known: list[SectionValues], host_name: str, warnings: tuple[Diagnostic, ...]) -> Model:
    routers = tuple(VirtualRouterSettings(values) for values in _of_type(known, "virtual_router"))
    for router in routers:
        # Without a group it is one of its own.
        router.group = router.group or router.name
    groups = [GroupSettings(values) for values in _of_type(known, "group")]
    named = {group.name for group in groups}
    for name in [router.group for router in routers if router.group not in named]:
        groups.append(GroupSettings(read(UciSection("group", name), GROUP, Diagnostics(""))))
    metrics = [MetricsSettings(values) for values in _of_type(known, "metrics")]
    conntracks = [ConntrackSettings(values) for values in _of_type(known, "conntrack")]
    return Model(
        main=_make_main(known, host_name),
        groups=tuple(groups),
        virtual_routers=routers,
        conntrack=conntracks[0] if conntracks else None,
        dhcps=_make_dhcps(known),
        track_hosts=tuple(TrackHostSettings(values) for values in _of_type(known, "track_host")),
        track_scripts=tuple(TrackScriptSettings(values) for values in _of_type(known, "track_script")),
        services=make_services(_of_type(known, "service"), _of_type(known, "virtual_router")),
        is_common=any(SyncSettings(values).enabled for values in _of_type(known, "sync")),
        warnings=warnings,
        wans=tuple(WanSettings(values) for values in _of_type(known, "wan")),
        wireguards=tuple(WireguardSettings(values) for values in _of_type(known, "wireguard")),
        bfds=tuple(BfdSettings(values) for values in _of_type(known, "bfd")),
        metrics=metrics[0] if metrics else None,
        notifies=tuple(NotifySettings(values) for values in _of_type(known, "notify")),
    )


def _make_main(known: list[SectionValues], host_name: str) -> NodeSettings:
    mains = _of_type(known, "haven") or [read(UciSection("haven"), HAVEN, Diagnostics(""))]
    main = NodeSettings(mains[0])
    main.node = main.node or host_name
    return main


def _make_dhcps(known: list[SectionValues]) -> tuple[DhcpSettings, ...]:
    places = _places(_of_type(known, "virtual_router"))
    found = [(values, _meant(values, places)[0]) for values in _of_type(known, "dhcp")]
    return tuple(DhcpSettings(values, VirtualRouterSettings(router)) for values, router in found)
